package cpu

import (
	"math"
	"testing"
)

func TestHalvesConvertAsTheyAreDefined(t *testing.T) {
	for bits := range 1 << 16 {
		h := uint16(bits)
		fraction, exponent := float64(h&0x3ff), int(h>>10&0x1f)
		want := math.Ldexp(fraction, -24)
		switch {
		case exponent == 0x1f && fraction > 0:
			if x := fromFloat16(h); x == x {
				t.Errorf("fromFloat16(%#04x) = %v, want NaN", h, x)
			}
			continue
		case exponent == 0x1f:
			want = math.Inf(1)
		case exponent > 0:
			want = math.Ldexp(1024+fraction, exponent-25)
		}
		if h>>15 == 1 {
			want = -want
		}
		if x := float64(fromFloat16(h)); x != want || math.Signbit(x) != math.Signbit(want) {
			t.Errorf("fromFloat16(%#04x) = %v, want %v", h, x, want)
		}
		if back := toFloat16(float32(want)); back != h {
			t.Errorf("toFloat16(%v) = %#04x, want %#04x", want, back, h)
		}
		if next := fromFloat16(h + 1); exponent < 0x1e || exponent == 0x1e && fraction < 0x3ff {
			middle, even := float32((want+float64(next))/2), h+h&1
			if got := toFloat16(middle); got != even {
				t.Errorf("toFloat16(%v), in the middle, = %#04x, want %#04x", middle, got, even)
			}
			if got := toFloat16(math.Nextafter32(middle, float32(want))); got != h {
				t.Errorf("toFloat16 just before %v = %#04x, want %#04x", middle, got, h)
			}
		}
	}
	if got := toFloat16(float32(math.NaN())); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
		t.Errorf("toFloat16(NaN) = %#04x, want NaN", got)
	}
}
