package memory

import "golang.org/x/sys/unix"

// hugePage is the size and alignment of a huge page.
const hugePage = 2 << 20

// wantHugePages asks for huge pages: the matrices of a large network have more pages of the usual size than the processor
// remembers the places of. Where there are none it makes no difference.
func wantHugePages(mem []byte) { _ = unix.Madvise(mem, unix.MADV_HUGEPAGE) }
