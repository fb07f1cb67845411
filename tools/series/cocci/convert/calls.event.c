/* Shapes of call sites that took an mm and two addresses. */
#include "mm.h"

/* The VMA is a parameter. */
static int wp_page(struct vm_area_struct *vma, unsigned long address)
{
	struct mmu_notifier_range range;
	struct mm_struct *mm = vma->vm_mm;
	unsigned long mmun_start = address & PAGE_MASK;
	unsigned long mmun_end = mmun_start + PAGE_SIZE;
	int ret = 0;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, mmun_start,
				mmun_end);
	mmu_notifier_invalidate_range_start(&range);
	if (!copy_page(vma, address))
		ret = -ENOMEM;
	mmu_notifier_invalidate_range_end(&range);
	return ret;
}

/* Addresses are expressions; the mm is reached through the VMA. */
static void split_pmd(struct vm_area_struct *vma, unsigned long address)
{
	struct mmu_notifier_range range;
	unsigned long haddr = address & HPAGE_PMD_MASK;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma->vm_mm,
				haddr, haddr + HPAGE_PMD_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	__split_pmd(vma, haddr);
	mmu_notifier_invalidate_range_end(&range);
}

/* The VMA is a local variable. */
static long dontneed(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mmu_notifier_range range;
	struct vm_area_struct *vma;

	vma = find_vma(mm, start);
	if (!vma)
		return -ENOMEM;
	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, start, end);
	mmu_notifier_invalidate_range_start(&range);
	for (; vma && vma->vm_start < end; vma = vma->vm_next)
		unmap_single_vma(vma, start, end);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

/* There is only an mm. */
void clear_refs(struct mm_struct *mm)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, 0, -1);
	mmu_notifier_invalidate_range_start(&range);
	walk_page_range(0, ~0UL, mm);
	mmu_notifier_invalidate_range_end(&range);
}

/* Error paths join before the end, or leave before the start. */
static int replace_page(struct vm_area_struct *vma, struct page *page)
{
	struct mmu_notifier_range range;
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr = page_address_in_vma(page, vma);
	int err = -EFAULT;

	if (addr == -EFAULT)
		goto out;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, addr,
				addr + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	if (!pte_lock(mm, addr))
		goto out_mn;
	set_pte(mm, addr, page);
	err = 0;
out_mn:
	mmu_notifier_invalidate_range_end(&range);
out:
	return err;
}

/* Two VMAs, one of which the addresses belong to. */
int copy_page_range(struct mm_struct *dst_mm, struct mm_struct *src_mm,
		    struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma)
{
	struct mmu_notifier_range range;
	bool is_cow = is_cow_mapping(src_vma->vm_flags);
	int ret;

	if (is_cow) {
		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, src_mm,
					src_vma->vm_start, src_vma->vm_end);
		mmu_notifier_invalidate_range_start(&range);
	}

	ret = copy(dst_mm, src_mm, dst_vma, src_vma);

	if (is_cow)
		mmu_notifier_invalidate_range_end(&range);
	return ret;
}

/* Two VMAs; the mm tells which. */
unsigned long move_page_tables(struct vm_area_struct *vma, struct vm_area_struct *new_vma,
			       unsigned long old_addr, unsigned long len)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma->vm_mm,
				old_addr, old_addr + len);
	mmu_notifier_invalidate_range_start(&range);
	move(vma, new_vma);
	mmu_notifier_invalidate_range_end(&range);
	return len;
}

/* One after the other. */
void collapse(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address)
{
	struct mmu_notifier_range range;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, address,
				address + HPAGE_PMD_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	clear_pmd(vma, address);
	mmu_notifier_invalidate_range_end(&range);

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, address,
				address + PAGE_SIZE);
	mmu_notifier_invalidate_range_start(&range);
	set_pte(mm, address, NULL);
	mmu_notifier_invalidate_range_end(&range);
}

/* In a loop, and it must not block. */
bool reap(struct mm_struct *mm)
{
	struct mmu_notifier_range range;
	struct vm_area_struct *vma;
	bool ret = true;

	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		const unsigned long start = vma->vm_start;
		const unsigned long end = vma->vm_end;

		mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm,
					start, end);
		if (mmu_notifier_invalidate_range_start_nonblock(&range)) {
			ret = false;
			continue;
		}
		unmap_single_vma(vma, start, end);
		mmu_notifier_invalidate_range_end(&range);
	}
	return ret;
}

/* The result of the start goes through a variable. */
int try_zap(struct vm_area_struct *vma)
{
	struct mmu_notifier_range range;
	int err;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, vma->vm_mm,
				vma->vm_start, vma->vm_end);
	err = mmu_notifier_invalidate_range_start_nonblock(&range);
	if (err)
		return err;
	zap(vma);
	mmu_notifier_invalidate_range_end(&range);
	return 0;
}

/* The name is taken. */
void zap_ranges(struct mm_struct *mm, struct list_head *ranges)
{
	struct mmu_notifier_range mn_range;
	struct address_range *range;

	list_for_each_entry(range, ranges, list) {
		mmu_notifier_range_init(&mn_range, MMU_NOTIFY_CLEAR, 0, mm,
					range->start, range->end);
		mmu_notifier_invalidate_range_start(&mn_range);
		zap_range(mm, range);
		mmu_notifier_invalidate_range_end(&mn_range);
	}
}

/* The VMA has not been looked up yet. */
void early(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct mmu_notifier_range range;
	struct vm_area_struct *vma;

	mmu_notifier_range_init(&range, MMU_NOTIFY_CLEAR, 0, mm, start, end);
	mmu_notifier_invalidate_range_start(&range);
	vma = find_vma(mm, start);
	unmap_single_vma(vma, start, end);
	mmu_notifier_invalidate_range_end(&range);
}
