package modelfile

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"sort"
)

// Learned is which classes a model was made from, the validation's included, so that nobody judges it on them by mistake. It holds
// 32 bits of the SHA-256 of each name, in ascending order, and so does not tell the names themselves; a name that is not among a
// few thousand is taken for one of them once in a million times.
type Learned []byte

// NewLearned remembers names, and those that before remembers.
func NewLearned(before Learned, names ...string) Learned {
	marks := before.marks()
	for _, name := range names {
		marks = append(marks, markOf(name))
	}
	slices.Sort(marks)
	var learned Learned
	for _, mark := range slices.Compact(marks) {
		learned = binary.BigEndian.AppendUint32(learned, mark)
	}
	return learned
}

// Has says whether the class of this name was learned.
func (l Learned) Has(name string) bool {
	mark, n := markOf(name), len(l)/4
	at := sort.Search(n, func(i int) bool { return binary.BigEndian.Uint32(l[4*i:]) >= mark })
	return at < n && binary.BigEndian.Uint32(l[4*at:]) == mark
}

func (l Learned) marks() []uint32 {
	marks := make([]uint32, len(l)/4)
	for i := range marks {
		marks[i] = binary.BigEndian.Uint32(l[4*i:])
	}
	return marks
}

func markOf(name string) uint32 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint32(sum[:])
}
