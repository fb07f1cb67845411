/* Shapes of call sites that took an mm and two addresses. */
#include "mm.h"

/* The VMA is a parameter. */
static int wp_page(struct vm_area_struct *vma, unsigned long address)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long mmun_start = address & PAGE_MASK;
	unsigned long mmun_end = mmun_start + PAGE_SIZE;
	int ret = 0;

	mmu_notifier_invalidate_range_start(mm, mmun_start, mmun_end);
	if (!copy_page(vma, address))
		ret = -ENOMEM;
	mmu_notifier_invalidate_range_end(mm, mmun_start, mmun_end);
	return ret;
}

/* Addresses are expressions; the mm is reached through the VMA. */
static void split_pmd(struct vm_area_struct *vma, unsigned long address)
{
	unsigned long haddr = address & HPAGE_PMD_MASK;

	mmu_notifier_invalidate_range_start(vma->vm_mm, haddr, haddr + HPAGE_PMD_SIZE);
	__split_pmd(vma, haddr);
	mmu_notifier_invalidate_range_end(vma->vm_mm, haddr, haddr + HPAGE_PMD_SIZE);
}

/* The VMA is a local variable. */
static long dontneed(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;

	vma = find_vma(mm, start);
	if (!vma)
		return -ENOMEM;
	mmu_notifier_invalidate_range_start(mm, start, end);
	for (; vma && vma->vm_start < end; vma = vma->vm_next)
		unmap_single_vma(vma, start, end);
	mmu_notifier_invalidate_range_end(mm, start, end);
	return 0;
}

/* There is only an mm. */
void clear_refs(struct mm_struct *mm)
{
	mmu_notifier_invalidate_range_start(mm, 0, -1);
	walk_page_range(0, ~0UL, mm);
	mmu_notifier_invalidate_range_end(mm, 0, -1);
}

/* Error paths join before the end, or leave before the start. */
static int replace_page(struct vm_area_struct *vma, struct page *page)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr = page_address_in_vma(page, vma);
	int err = -EFAULT;

	if (addr == -EFAULT)
		goto out;

	mmu_notifier_invalidate_range_start(mm, addr, addr + PAGE_SIZE);
	if (!pte_lock(mm, addr))
		goto out_mn;
	set_pte(mm, addr, page);
	err = 0;
out_mn:
	mmu_notifier_invalidate_range_end(mm, addr, addr + PAGE_SIZE);
out:
	return err;
}

/* Two VMAs, one of which the addresses belong to. */
int copy_page_range(struct mm_struct *dst_mm, struct mm_struct *src_mm,
		    struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma)
{
	bool is_cow = is_cow_mapping(src_vma->vm_flags);
	int ret;

	if (is_cow)
		mmu_notifier_invalidate_range_start(src_mm, src_vma->vm_start,
						    src_vma->vm_end);

	ret = copy(dst_mm, src_mm, dst_vma, src_vma);

	if (is_cow)
		mmu_notifier_invalidate_range_end(src_mm, src_vma->vm_start,
						  src_vma->vm_end);
	return ret;
}

/* Two VMAs; the mm tells which. */
unsigned long move_page_tables(struct vm_area_struct *vma, struct vm_area_struct *new_vma,
			       unsigned long old_addr, unsigned long len)
{
	mmu_notifier_invalidate_range_start(vma->vm_mm, old_addr, old_addr + len);
	move(vma, new_vma);
	mmu_notifier_invalidate_range_end(vma->vm_mm, old_addr, old_addr + len);
	return len;
}

/* One after the other. */
void collapse(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long address)
{
	mmu_notifier_invalidate_range_start(mm, address, address + HPAGE_PMD_SIZE);
	clear_pmd(vma, address);
	mmu_notifier_invalidate_range_end(mm, address, address + HPAGE_PMD_SIZE);

	mmu_notifier_invalidate_range_start(mm, address, address + PAGE_SIZE);
	set_pte(mm, address, NULL);
	mmu_notifier_invalidate_range_only_end(mm, address, address + PAGE_SIZE);
}

/* In a loop, and it must not block. */
bool reap(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	bool ret = true;

	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		const unsigned long start = vma->vm_start;
		const unsigned long end = vma->vm_end;

		if (mmu_notifier_invalidate_range_start_nonblock(mm, start, end)) {
			ret = false;
			continue;
		}
		unmap_single_vma(vma, start, end);
		mmu_notifier_invalidate_range_end(mm, start, end);
	}
	return ret;
}

/* The result of the start goes through a variable. */
int try_zap(struct vm_area_struct *vma)
{
	int err;

	err = mmu_notifier_invalidate_range_start_nonblock(vma->vm_mm, vma->vm_start, vma->vm_end);
	if (err)
		return err;
	zap(vma);
	mmu_notifier_invalidate_range_end(vma->vm_mm, vma->vm_start, vma->vm_end);
	return 0;
}

/* The name is taken. */
void zap_ranges(struct mm_struct *mm, struct list_head *ranges)
{
	struct address_range *range;

	list_for_each_entry(range, ranges, list) {
		mmu_notifier_invalidate_range_start(mm, range->start, range->end);
		zap_range(mm, range);
		mmu_notifier_invalidate_range_end(mm, range->start, range->end);
	}
}

/* The VMA has not been looked up yet. */
void early(struct mm_struct *mm, unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma;

	mmu_notifier_invalidate_range_start(mm, start, end);
	vma = find_vma(mm, start);
	unmap_single_vma(vma, start, end);
	mmu_notifier_invalidate_range_end(mm, start, end);
}
