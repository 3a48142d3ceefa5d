package server_test

import (
	"syscall"
	"testing"
)

// tmpfs is a small disk.
func tmpfs(t *testing.T, options string) (string, error) {
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, options); err != nil {
		return "", err
	}
	t.Cleanup(func() { _ = syscall.Unmount(folder, syscall.MNT_DETACH) })
	return folder, nil
}
