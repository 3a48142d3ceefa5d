package kernel

import "unsafe"

// tileNEON is tilePortable for up to 8 rows of 8 columns, done in groups of 8, 4 and 1 of them.
func tileNEON(rows int, t *tile) {
	var sums [64]float32
	first, out := t.rows, t.out
	for {
		n := t.someRows(rows, &sums)
		finishNEON(n, t, &sums)
		if rows -= n; rows == 0 {
			break
		}
		t.rows, t.out = after(t.rows, n), after(t.out, n)
	}
	t.rows, t.out = first, out
}

// someRows computes the sums of the first n of all rows.
func (t *tile) someRows(rows int, sums *[64]float32) (n int) {
	byChannel := t.kind == byChannelTile
	switch {
	case rows >= 8 && byChannel:
		channels8NEON(t, sums)
		return 8
	case rows >= 8:
		sums8NEON(t, sums)
		return 8
	case rows >= 4 && byChannel:
		channels4NEON(t, sums)
		return 4
	case rows >= 4:
		sums4NEON(t, sums)
		return 4
	case byChannel:
		channels1NEON(t, sums)
	default:
		sums1NEON(t, sums)
	}
	return 1
}

// after is the offset n places further on.
func after(p *int, n int) *int { return (*int)(unsafe.Add(unsafe.Pointer(p), 8*n)) }

// sums8NEON, sums4NEON and sums1NEON compute the sums of 8, 4 or 1 rows.
//
//go:noescape
func sums8NEON(t *tile, sums *[64]float32)

//go:noescape
func sums4NEON(t *tile, sums *[64]float32)

//go:noescape
func sums1NEON(t *tile, sums *[64]float32)

// channels8NEON, channels4NEON and channels1NEON do the same by channel.
//
//go:noescape
func channels8NEON(t *tile, sums *[64]float32)

//go:noescape
func channels4NEON(t *tile, sums *[64]float32)

//go:noescape
func channels1NEON(t *tile, sums *[64]float32)

// finishNEON is tile.store for rows of 8 columns.
//
//go:noescape
func finishNEON(rows int, t *tile, sums *[64]float32)

// packRowsNEON is packRowsPortable.
//
//go:noescape
func packRowsNEON(dst, src *float32, n, stride int)

// peakNEON runs n times 16 independent multiply-adds of 4 numbers.
func peakNEON(n int)
