# The front door.  make help lists what there is; tools/series/NAME.sh does it.
BASE ?= 6.12
export BASE KSRC KSRC_DIRTY JOBS ONLY DIR CONVERT RFC

help:
	@echo 'make run      build Linux with the series for user mode, boot it, run its tests, report'
	@echo 'make test     all checks, on user-mode and x86-64 kernels; the last line counts them'
	@echo 'make check    the checks that need no boot: checkers of the kernel, of the documentation and of scripts; some minutes'
	@echo 'make mutants  change the core in one place at a time; a test must notice each (7.2 by default)'
	@echo 'make bench    series against stock, in instructions and wall time: report, plots and raw figures in out/bench/'
	@echo 'make verify   make test, an hour of torture, and kernels with more debugging, 32 bit, PREEMPT_RT, one CPU: hours'
	@echo 'make users    compile every file of the kernel that uses MMU notifiers, for six architectures; a table in out/users/'
	@echo 'make clients  tests of HMM, KVM, RDMA, mm/ and the OOM killer in QEMU, on stock and series (7.2 by default):'
	@echo '              an hour; a table in out/clients/'
	@echo 'make cocci    DIR=/path/to/driver: what the checkers find in a driver of your own; CONVERT=1: also a converted copy'
	@echo 'make series   patches and cover letter for git am and quilt, in out/series/BASE/; the fixes alone in fixes/ there,'
	@echo '              and conversions of HMM, RDMA and KVM, to go on top, in rfc/'
	@echo 'make bisect   build and boot each patch; what modules see of the change (long)'
	@echo 'make tree     Linux with the series merged; the last line is its path; RFC=1: users of MMU notifiers converted, too'
	@echo 'make stock    pristine Linux; the last line is its path'
	@echo 'make clean    remove what was built, and out/; make distclean: also what was downloaded, and the compiler cache'
	@echo
	@echo 'BASE=6.12 (default), 6.1, 7.2 or 7.3 comes from Debian; KSRC=/path/to/linux takes a tree of your own,'
	@echo 'which is copied (KSRC_DIRTY=copy: with its local changes).  JOBS=N compiles N files at a time.'
	@echo "ONLY='NAME ...' limits make test, make clients, make verify and make mutants."

# Only from 7.x on do user-mode kernels have several CPUs, and is there all that make clients runs.
mutants clients: BASE := $(if $(filter file,$(origin BASE)),7.2,$(BASE))

run test check verify mutants bench users clients cocci series bisect tree stock clean:
	@tools/series/$@.sh

distclean:
	@tools/series/clean.sh all

.PHONY: help run test check verify mutants bench users clients cocci series bisect tree stock clean distclean
