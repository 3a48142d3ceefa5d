package track

import (
	"math"
	"slices"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/imgproc"
)

// Blobs finds what moves before a camera that stands still: where a frame differs from the background (C. R. Wren et al., "Pfinder", 1997, with a
// background that is the median of some frames). It is for videos without a detector: two people that touch are one blob.
type Blobs struct {
	w, h       int     // of the frames
	sw, sh     int     // of the shrunk frames that are compared
	background []uint8 // [sh, sw, 3]
}

// The numbers of [Blobs]: the longer side of the frames that are compared, in pixels; how much a pixel differs at least, of 255; and the least part
// of the picture that a blob covers.
const (
	blobSide   = 320
	blobDiffer = 24
	blobLeast  = 0.001
)

// NewBlobs learns the background from frames of one size from all over the video, a score or more. It panics without any.
func NewBlobs(frames []imgproc.Image) *Blobs {
	if len(frames) == 0 {
		panic("track: NewBlobs of no frames")
	}
	b := &Blobs{w: frames[0].W, h: frames[0].H}
	shrink := min(1, blobSide/float64(max(b.w, b.h)))
	b.sw, b.sh = max(1, int(float64(b.w)*shrink)), max(1, int(float64(b.h)*shrink))
	small := make([]imgproc.Image, len(frames))
	for i, m := range frames {
		small[i] = imgproc.Resize(m.RGB(), b.sh, b.sw)
	}
	b.background = make([]uint8, b.sh*b.sw*3)
	values := make([]uint8, len(frames))
	for i := range b.background {
		for k, m := range small {
			values[k] = m.Pix[i]
		}
		slices.Sort(values)
		b.background[i] = values[len(values)/2]
	}
	return b
}

// Find is what differs from the background in a frame, with scores that say how much of a box does.
func (b *Blobs) Find(frame imgproc.Image) (found []Detection) {
	front := b.differing(imgproc.Resize(frame.RGB(), b.sh, b.sw))
	seen := make([]bool, len(front))
	for i := range front {
		if !front[i] || seen[i] {
			continue
		}
		blob := b.flood(front, seen, i)
		if blob.area < blobLeast*float64(b.sw*b.sh) {
			continue
		}
		fill := blob.area / blob.box.Area()
		fx, fy := float64(frame.W)/float64(b.sw), float64(frame.H)/float64(b.sh)
		found = append(found, Detection{
			Box:   mot.Box{X: blob.box.X * fx, Y: blob.box.Y * fy, W: blob.box.W * fx, H: blob.box.H * fy},
			Score: min(0.4+fill, 0.95),
		})
	}
	return found
}

// differing are the pixels that are unlike the background, and so are half of those around; gaps of a few pixels are closed.
func (b *Blobs) differing(m imgproc.Image) []bool {
	raw := make([]bool, b.sh*b.sw)
	for i := range raw {
		far := 0
		for c := range 3 {
			far = max(far, int(math.Abs(float64(m.Pix[3*i+c])-float64(b.background[3*i+c]))))
		}
		raw[i] = far >= blobDiffer
	}
	front := b.counted(raw, 1, 5)
	return b.counted(b.counted(front, 2, 1), 2, 25)
}

// counted are the pixels that have at least so many true ones within reach; where all have to be, those outside the picture are.
func (b *Blobs) counted(of []bool, reach, least int) []bool {
	out := make([]bool, len(of))
	for y := range b.sh {
		for x := range b.sw {
			n := 0
			for dy := -reach; dy <= reach; dy++ {
				for dx := -reach; dx <= reach; dx++ {
					if px, py := x+dx, y+dy; px < 0 || py < 0 || px >= b.sw || py >= b.sh {
						if least == (2*reach+1)*(2*reach+1) {
							n++
						}
					} else if of[py*b.sw+px] {
						n++
					}
				}
			}
			out[y*b.sw+x] = n >= least
		}
	}
	return out
}

// blob is pixels that touch.
type blob struct {
	box  mot.Box
	area float64
}

// flood is the blob that a pixel belongs to.
func (b *Blobs) flood(front, seen []bool, from int) blob {
	left, top, right, low, area := b.sw, b.sh, 0, 0, 0
	stack := []int{from}
	seen[from] = true
	for len(stack) > 0 {
		at := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		x, y := at%b.sw, at/b.sw
		left, top, right, low, area = min(left, x), min(top, y), max(right, x), max(low, y), area+1
		for _, d := range [][2]int{{-1, 0}, {1, 0}, {0, -1}, {0, 1}} {
			px, py := x+d[0], y+d[1]
			if next := py*b.sw + px; px >= 0 && py >= 0 && px < b.sw && py < b.sh && front[next] && !seen[next] {
				seen[next] = true
				stack = append(stack, next)
			}
		}
	}
	return blob{mot.Box{X: float64(left), Y: float64(top), W: float64(right - left + 1), H: float64(low - top + 1)}, float64(area)}
}
