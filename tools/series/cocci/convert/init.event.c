/* The form that the initialiser had at first. */
#include "mm.h"

int mkclean(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma->vm_mm,
				address,
				min(vma->vm_end, address + (PAGE_SIZE << compound_order(page))));
	mmu_notifier_invalidate_range_start(&range);
	clean(page);
	mmu_notifier_invalidate_range_end(&range);
	return 1;
}

/* Neither the mm nor an address tells which VMA it is about. */
int remap(struct mm_struct *mm, struct vm_area_struct *from, struct vm_area_struct *to)
{
	struct mmu_notifier_range range;
	unsigned long address = somewhere(from, to);

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, address,
				address + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	move(from, to);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

/* The mm is another one by then. */
int switch_mm(struct vm_area_struct *vma, struct mm_struct *other)
{
	struct mmu_notifier_range range;
	struct vm_area_struct *there = find_vma(other, 0);
	struct mm_struct *mm;

	mm = vma->vm_mm;
	clear_refs(mm);
	mm = other;
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm,
				there->vm_start, there->vm_end);
	mmu_notifier_invalidate_range_start(&range);
	change(mm);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}
