package coseg

import (
	"math"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/support/exceptions"

	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/onnx"
)

// grid describes the places of an image: a vector of length 1 for each, whose inner products say how alike places are.
type grid struct {
	h, w, c int
	values  []float32 // [h, w, c]
	energy  []float32 // [h, w]: the length of the coarsest map's vector there, which is large where there is something to see
}

// places is how many there are.
func (g grid) places() int { return g.h * g.w }

func (g grid) at(p int) []float32 { return g.values[p*g.c:][:g.c] }

// newGrid joins an encoder's two coarsest maps, or its only one, each scaled to length 1, at the resolution of the finer.
func newGrid(maps []onnx.Array) grid {
	last := maps[max(0, len(maps)-2):]
	g := grid{h: last[0].Shape[1], w: last[0].Shape[2]}
	for _, m := range last {
		g.c += m.Shape[3]
	}
	g.values, g.energy = make([]float32, g.places()*g.c), make([]float32, g.places())
	for p := range g.places() {
		into := g.at(p)
		for _, m := range last {
			y, x := p/g.w*m.Shape[1]/g.h, p%g.w*m.Shape[2]/g.w
			from := m.Values[(y*m.Shape[2]+x)*m.Shape[3]:][:m.Shape[3]]
			copy(into, from)
			g.energy[p] = scaleTo1(into[:len(from)])
			into = into[len(from):]
		}
		scaleTo1(g.at(p))
	}
	return g
}

// scaleTo1 gives a vector the length 1, unless it is 0, and returns the length it had.
func scaleTo1(v []float32) float32 {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	length := float32(math.Sqrt(sum))
	if length > 0 {
		for i := range v {
			v[i] /= length
		}
	}
	return length
}

// newGrids are those of a group, less what all its places have in common.
func newGrids(group []Encoded) []grid {
	grids := make([]grid, len(group))
	for i, e := range group {
		grids[i] = newGrid(e.maps)
	}
	mean := make([]float64, grids[0].c)
	total := 0
	for _, g := range grids {
		total += g.places()
		for i, v := range g.values {
			mean[i%g.c] += float64(v)
		}
	}
	for _, g := range grids {
		for i := range g.values {
			g.values[i] -= float32(mean[i%g.c] / float64(total))
		}
		for p := range g.places() {
			scaleTo1(g.at(p))
		}
	}
	return grids
}

// table holds how alike every place of one image is to every place of another, a cosine in [−1, 1].
type table struct {
	rows, columns int
	values        []float32
}

func (t table) at(p, q int) float32 { return t.values[p*t.columns+q] }

func (t table) row(p int) []float32 { return t.values[p*t.columns:][:t.columns] }

// alike compares the places of two images by the correlation layer, whose channels are displacements.
func (m *Model) alike(a, b grid) (t table, err error) {
	t = table{a.places(), b.places(), make([]float32, a.places()*b.places())}
	r := MaxDisplacement(max(a.h, a.w))
	d := 2*r + 1
	m.turn.Lock()
	defer m.turn.Unlock()
	err = exceptions.TryCatch[error](func() {
		x, y := tensors.FromFlatDataAndDimensions(a.values, 1, a.h, a.w, a.c), tensors.FromFlatDataAndDimensions(b.values, 1, b.h, b.w, b.c)
		defer x.MustFinalizeAll()
		defer y.MustFinalizeAll()
		out := m.correlate.MustCall(x, y)[0]
		defer out.MustFinalizeAll()
		found := tensors.MustCopyFlatData[float32](out)
		for p := range t.rows {
			for q := range t.columns {
				dy, dx := q/b.w-p/a.w, q%b.w-p%a.w
				t.values[p*t.columns+q] = found[p*d*d+(dy+r)*d+dx+r] * float32(a.c)
			}
		}
	})
	return t, err
}

// middle is a place of the grid in pixels of the image.
func (e Encoded) middle(g grid, place int) imgproc.Point {
	p := e.input
	return e.view.PointBack(imgproc.Point{
		X: (float32(place%g.w) + 0.5) * float32(p.Width) / float32(g.w), Y: (float32(place/g.w) + 0.5) * float32(p.Height) / float32(g.h),
	})
}

// place is the grid's place of a point of the image, −1 where the network does not see it.
func (e Encoded) place(g grid, point imgproc.Point) int {
	at := e.view.Point(point)
	x, y := int(math.Floor(float64(at.X)*float64(g.w)/float64(e.input.Width))), int(math.Floor(float64(at.Y)*float64(g.h)/float64(e.input.Height)))
	if x < 0 || x >= g.w || y < 0 || y >= g.h {
		return -1
	}
	return y*g.w + x
}

// covered is the share of each place of the grid that a mask [h·w] of the image covers, in [0, 1].
func (e Encoded) covered(g grid, bits []bool) []float32 {
	mask := imgproc.New(e.grey.H, e.grey.W, 1)
	for i, on := range bits {
		if on {
			mask.Pix[i] = 255
		}
	}
	full := make([]float32, e.input.Height*e.input.Width)
	e.view.Mask(full, mask)
	share, area := make([]float32, g.places()), float32(len(full)/g.places())
	for i, v := range full {
		y, x := i/e.input.Width*g.h/e.input.Height, i%e.input.Width*g.w/e.input.Width
		share[y*g.w+x] += v / area
	}
	return share
}

// spread brings logits of the grid's places to the image, as a mask.
func (e Encoded) spread(g grid, logits []float32) Mask {
	probability := make([]float32, len(logits))
	for i, x := range logits {
		probability[i] = float32(logistic(float64(x)))
	}
	var m Mask
	m.Probability, m.H, m.W = e.toImage(probability, g.h, g.w)
	return m
}
