package kernel

// slide is how the pixels of a class are computed that follow one another in rows, when each channel is convolved on its
// own: by tiles that load every input number once for the three pixels that meet it.
type slide struct {
	run      int // pixels of a row, 0 where tiles cannot slide
	kind     tileKind
	step     int       // bytes from one input pixel to the next
	segments []segment // kernel rows
}

const (
	slidingTaps  = 3 // of a kernel row
	leastSliding = 4 // rows of a sliding tile
)

// slide describes a class whose rows have run pixels.
func (s ConvShape) slide(h, w tapClass, run int, o operand) slide {
	if !s.depthwise() || w.count != slidingTaps || s.KW != slidingTaps || s.InDilW != 1 || s.DilW != 1 || s.StrideW > 2 || run < leastSliding {
		return slide{}
	}
	list, _ := s.segments(h, w, o)
	d := slide{run: run, kind: slidingTile, step: o.size * s.C}
	if s.StrideW == 2 {
		d.kind = slidingBy2Tile
	}
	for i := 0; i < len(list); i += slidingTaps {
		d.segments = append(d.segments, list[i])
	}
	return d
}

// slide is run for the pixels of a class, row by row. The rows of its tiles are nearly equal parts of these.
func (w *Workspace) slide(k *productKernels, class *pixelClass, pixels, cols int) {
	t, d := &w.tile, &class.slide
	step := t.aStep
	t.kind, t.cols, t.aStep = d.kind, cols, d.step
	t.count, t.depth = len(d.segments), slidingTaps
	if t.count > 0 {
		t.segments = &d.segments[0]
	}
	tiles := divideUp(d.run, k.rows)
	for row := 0; row < pixels; row += d.run {
		for i := range tiles {
			lo, hi := share(d.run, tiles, i)
			t.rows, t.out = &class.origins[row+lo], &class.out[row+lo]
			if cols == k.cols {
				k.tile(hi-lo, t)
			} else {
				t.runNarrow(k, hi-lo, cols)
			}
		}
	}
	t.aStep = step
}
