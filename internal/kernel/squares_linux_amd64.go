package kernel

import (
	"syscall"

	"golang.org/x/sys/cpu"
)

// hasMatrixUnit reports whether the processor has tiles of bfloat16 and the kernel lets this process use them, which it asks
// for: once for all threads.
func hasMatrixUnit() bool {
	const requestPermission, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	if !cpu.X86.HasAMXTile || !cpu.X86.HasAMXBF16 {
		return false
	}
	_, _, failed := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, requestPermission, tileData, 0)
	return failed == 0
}
