# The front door.  make help lists what there is; tools/series/NAME.sh does it.
BASE ?= 6.12
export BASE KSRC KSRC_DIRTY JOBS ONLY

help:
	@echo 'make run      build Linux with the series for user mode, boot it, run its tests, report'
	@echo 'make test     everything that must hold, on user-mode and x86-64 kernels; ends with one line of counts'
	@echo 'make check    what of that needs no boot: the checkers of the kernel, of the documentation and of scripts'
	@echo 'make mutants  changes the core in one place at a time; a test must notice each (of 7.2, if no BASE is given)'
	@echo 'make bench    series against stock, in instructions and wall time: a report in out/bench/'
	@echo 'make verify   make test, and the tests on kernels with more debugging, 32 bit, PREEMPT_RT, one CPU: hours'
	@echo 'make users    every file of the kernel that uses MMU notifiers compiles, on six architectures'
	@echo 'make clients  tests of HMM, KVM, RDMA, mm/ and the OOM killer in QEMU, on stock and series (of 7.2, if no BASE is given)'
	@echo 'make series   the patches for git am and quilt, in out/series/'
	@echo 'make bisect   each patch by itself builds and boots; what modules see of the change (long)'
	@echo 'make tree     Linux with the series merged; prints its path'
	@echo 'make stock    pristine Linux; prints its path'
	@echo 'make clean    remove what was built, and out/; make distclean: and what was downloaded'
	@echo
	@echo 'BASE=6.12 (default), 6.1, 7.2 or 7.3 comes from Debian; KSRC=/path/to/linux takes a tree of your own,'
	@echo 'which is copied (KSRC_DIRTY=copy: with its local changes).  JOBS=N compiles N files at a time.'

# There the user-mode kernel has several CPUs, and the selftests of HMM are as make clients knows them.
mutants clients: BASE := $(if $(filter file,$(origin BASE)),7.2,$(BASE))

run test check verify mutants bench users clients series bisect tree stock clean:
	@tools/series/$@.sh

distclean:
	@tools/series/clean.sh all

.PHONY: help run test check verify mutants bench users clients series bisect tree stock clean distclean
