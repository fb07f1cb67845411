mmu_notifier_torture.fast=1
