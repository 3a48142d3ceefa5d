package dataset

import (
	"math"
	"math/bits"
	"slices"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/internal/parallel"
)

// Duplicate is two items that show the same picture, perhaps resized, compressed again, lighter or mirrored.
type Duplicate struct {
	A, B        int     // items of the first and the second set
	Correlation float64 // of their small grey pictures, at most 1
}

// The marks of the same picture. In LFWcrop these find the four photographs that stand under two names, and none of the other
// 56 million pairs of different people: what comes next differs in 10 bits.
const (
	mostBits         = 6 // of 64 in which signatures may differ
	leastCorrelation = 0.93
)

// NearDuplicates lists pairs of items, one of each set, that show the same picture although their bytes may differ, by A and
// then B. It compares signatures of 64 bits first, and then the pictures behind those that are near; its time grows with the
// product of the sets' sizes, some seconds for 10⁹ pairs.
func NearDuplicates(a, b *Set) []Duplicate {
	return duplicates(signatures(a), signatures(b), func(int, int) bool { return true })
}

// SamePictures lists the pairs of items of a set that show the same picture under two labels, A before B.
func SamePictures(s *Set) []Duplicate {
	all := signatures(s)
	return duplicates(all, all, func(i, j int) bool { return i < j && s.Items[i].Label != s.Items[j].Label })
}

// leastCopy is the correlation of a copy within an identity. Photographs of one person taken in one session are alike themselves: in
// ORL, MOT16's crops and LFWcrop the most alike have 0.992, and one pair that is a copy 0.999.
const leastCopy = 0.995

// Copies lists the items of a set that show the same picture as one before them under the same label: each as B, once, with the first such
// item as A. A copy is told from its original too easily: it makes figures look better than they are.
func Copies(s *Set) []Duplicate {
	all := signatures(s)
	alike := duplicates(all, all, func(i, j int) bool { return i < j && s.Items[i].Label == s.Items[j].Label })
	var copies []Duplicate
	known := make([]bool, len(s.Items))
	for _, d := range alike {
		if d.Correlation >= leastCopy && !known[d.A] && !known[d.B] {
			known[d.B] = true
			copies = append(copies, d)
		}
	}
	return copies
}

// signature is what a picture is recognised by.
type signature struct {
	upright, mirrored uint64
	small             []float32 // of lookAgain² pixels, mean 0 and length 1; empty for a picture of one colour
}

// The sides of the two small pictures of a signature, in pixels.
const (
	firstLook = 8
	lookAgain = 24
)

func signatures(s *Set) []signature {
	all := make([]signature, len(s.Items))
	parallel.Ranges(len(all), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			all[i] = newSignature(s.Items[i].Pixels())
		}
	})
	return all
}

func newSignature(m imgproc.Image) signature {
	m = m.Grey()
	return signature{
		upright:  gradients(shrunk(m, firstLook, firstLook+1)),
		mirrored: gradients(mirror(shrunk(m, firstLook, firstLook+1), firstLook+1)),
		small:    standard(shrunk(m, lookAgain, lookAgain)),
	}
}

func shrunk(m imgproc.Image, h, w int) []float32 {
	small := make([]float32, h*w)
	imgproc.Preprocess{Height: h, Width: w, Channels: 1}.Apply(small, m)
	return small
}

// gradients says of each pixel but the last of a row of firstLook+1 whether it is darker than the next.
func gradients(pixels []float32) uint64 {
	var sign uint64
	for y := range firstLook {
		row := pixels[y*(firstLook+1):]
		for x := range firstLook {
			sign <<= 1
			if row[x] < row[x+1] {
				sign |= 1
			}
		}
	}
	return sign
}

// mirror returns the rows of w pixels backwards.
func mirror(pixels []float32, w int) []float32 {
	back := slices.Clone(pixels)
	for row := range slices.Chunk(back, w) {
		slices.Reverse(row)
	}
	return back
}

// standard moves and scales values to mean 0 and length 1; nil when they are all the same.
func standard(values []float32) []float32 {
	var sum, squares float64
	for _, v := range values {
		sum += float64(v)
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		squares += (float64(v) - mean) * (float64(v) - mean)
	}
	if squares < 1e-6 {
		return nil
	}
	for i, v := range values {
		values[i] = float32((float64(v) - mean) / math.Sqrt(squares))
	}
	return values
}

func duplicates(a, b []signature, wanted func(i, j int) bool) []Duplicate {
	signs := make([]uint64, len(b)) // side by side in memory, as the loop below reads little else
	for j := range b {
		signs[j] = b[j].upright
	}
	found := make([][]Duplicate, len(a))
	parallel.Ranges(len(a), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			upright, mirrored := a[i].upright, a[i].mirrored
			for j, sign := range signs {
				if min(bits.OnesCount64(upright^sign), bits.OnesCount64(mirrored^sign)) > mostBits || !wanted(i, j) {
					continue
				}
				if c := correlation(a[i].small, b[j].small); c >= leastCorrelation {
					found[i] = append(found[i], Duplicate{i, j, c})
				}
			}
		}
	})
	return slices.Concat(found...)
}

// correlation is that of two small pictures, or of one and the other's mirror image, whichever is more.
func correlation(a, b []float32) float64 {
	return max(dot(a, b), dot(mirror(a, lookAgain), b))
}

// dot is the inner product of two vectors, 0 when one is empty.
func dot(a, b []float32) float64 {
	var sum float64
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}
