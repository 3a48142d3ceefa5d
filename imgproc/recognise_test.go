package imgproc

import "testing"

func TestAnImageIsRecognisedByItsContent(t *testing.T) {
	for _, c := range []struct {
		head, other string
		is          bool
	}{
		{"BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00", "", true},
		{"BM is how this text begins", "", false},
		{"P5\n3 2\n255\n......", "", true},
		{"P6 3 2 65535 ......", "", true},
		{"P2\n# made by hand\n3 2\n7\n", "", true},
		{"P2\r\n# made by hand\r\n3 2\r\n7\r\n", "", true},
		{"P2 is a place\n", "", false},
		{"P2 10 o'clock, 12 people", "", false},
		{"II*\x00\x08\x00\x00\x00", "", true},
		{"\x00\x00\x00\x18ftypheic", "HEIC", false},
		{"", "", false},
	} {
		if is, other := Recognise([]byte(c.head)); is != c.is || other != c.other {
			t.Errorf("Recognise(%q) = %v, %q, want %v, %q", c.head, is, other, c.is, c.other)
		}
	}
}
