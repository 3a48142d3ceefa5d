//go:build !linux

package memory

// hugePage is the alignment of large blocks of memory, as on Linux.
const hugePage = 2 << 20

// wantHugePages does nothing: the system chooses pages itself.
func wantHugePages([]byte) {}
