//go:build !linux

package kernel

// hasMatrixUnit is false: only on Linux does this package know how to ask for the matrix unit.
func hasMatrixUnit() bool { return false }
