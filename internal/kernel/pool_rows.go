package kernel

import "math"

// MaxByRows is [Pool.Max] of the largest, without positions, down the rows first and then along them: this takes KH + KW
// steps instead of KH·KW.
func (p *Pool) MaxByRows(dst, x []float32, lo, hi int, w *Workspace) {
	if p.halves() {
		p.Max(Largest, dst, nil, x, lo, hi)
		return
	}
	p.check("MaxByRows", dst, x)
	for u := lo; u < hi; u++ {
		row := p.row(dst, u)
		if rows := p.downRows(x, u, w); rows != nil {
			p.alongRow(row, rows)
		} else {
			Fill(row, float32(math.Inf(-1)))
		}
	}
}

// downRows is the largest of the rows of pixels under a row of windows, [w, c]; nil if there is none.
func (p *Pool) downRows(x []float32, u int, w *Workspace) []float32 {
	y, line := u%p.OH*p.StrideH-p.PadT, p.W*p.C
	first, last := max(0, y), min(p.H, y+p.KH)
	if first >= last {
		return nil
	}
	image := x[u/p.OH*p.H*line:]
	if last-first == 1 {
		return image[first*line:][:line]
	}
	best := floats(&w.pooledRows, line)
	copy(best, image[first*line:])
	for i := first + 1; i < last; i++ {
		active.vector.takeMax(best, image[i*line:][:line])
	}
	return best
}

// alongRow is the largest of every window of a row of pixels.
func (p *Pool) alongRow(dst, row []float32) {
	if p.StrideW == 1 {
		p.alongRowStep1(dst, row)
		return
	}
	for ox := range p.OW {
		best := dst[ox*p.C:][:p.C]
		x := ox*p.StrideW - p.PadL
		first, last := max(0, x), min(p.W, x+p.KW)
		if first >= last {
			Fill(best, float32(math.Inf(-1)))
			continue
		}
		copy(best, row[first*p.C:])
		for j := first + 1; j < last; j++ {
			active.vector.takeMax(best, row[j*p.C:][:p.C])
		}
	}
}

// alongRowStep1 is alongRow for windows one pixel apart: all of them take one pixel after the other.
func (p *Pool) alongRowStep1(dst, row []float32) {
	Fill(dst, float32(math.Inf(-1)))
	for j := range p.KW {
		first, last := max(0, p.PadL-j), min(p.OW, p.W+p.PadL-j)
		if first < last {
			active.vector.takeMax(dst[first*p.C:last*p.C], row[(first-p.PadL+j)*p.C:][:(last-first)*p.C])
		}
	}
}
