/* As much of mm as the converted files need to be compiled. VMA: the initialiser takes one. */
typedef _Bool bool;
enum { false, true };
#define NULL ((void *)0)
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define HPAGE_PMD_SIZE (512 * PAGE_SIZE)
#define HPAGE_PMD_MASK (~(HPAGE_PMD_SIZE - 1))
#define ENOMEM 12
#define EFAULT 14
#define EAGAIN 11
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - __builtin_offsetof(type, member)))
#define list_for_each_entry(pos, head, member) for (pos = (void *)(head); pos; pos = next(pos))

struct list_head;
struct page;
struct mm_struct {
	struct vm_area_struct *mmap;
};
struct vm_area_struct {
	unsigned long vm_start, vm_end, vm_flags;
	struct vm_area_struct *vm_next;
	struct mm_struct *vm_mm;
};
struct address_range {
	unsigned long start, end;
};
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long address);
void *next(void *pos);

enum mmu_notifier_event { MMU_NOTIFY_UNMAP, MMU_NOTIFY_CLEAR };
struct mmu_notifier_range {
	struct mm_struct *mm;
	unsigned long start, end;
	enum mmu_notifier_event event;
};
struct mmu_notifier;
struct mmu_notifier_ops {
	int (*invalidate_range_start)(struct mmu_notifier *mn, const struct mmu_notifier_range *range);
	void (*invalidate_range_end)(struct mmu_notifier *mn, const struct mmu_notifier_range *range);
};
struct mmu_notifier {
	const struct mmu_notifier_ops *ops;
};
struct mirror {
	struct mmu_notifier mn;
	struct mm_struct *mm;
};
bool mmu_notifier_range_blockable(const struct mmu_notifier_range *range);
void mmu_notifier_range_init(struct mmu_notifier_range *range, enum mmu_notifier_event event, unsigned int flags,
#ifdef VMA
			     struct vm_area_struct *vma,
#endif
			     struct mm_struct *mm, unsigned long start, unsigned long end);
void mmu_notifier_invalidate_range_start(struct mmu_notifier_range *range);
int mmu_notifier_invalidate_range_start_nonblock(struct mmu_notifier_range *range);
void mmu_notifier_invalidate_range_end(struct mmu_notifier_range *range);
