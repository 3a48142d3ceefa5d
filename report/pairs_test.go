package report

import (
	"image"
	"strings"
	"testing"
)

func TestPicturePairsSayWhatTheyShow(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 4, 4))
	html, err := PicturePairs{
		{A: picture, B: picture, Names: [2]string{"ada", "ada"}, Distance: 0.12345, Verdict: Right},
		{A: picture, B: picture, Names: [2]string{"ada", "<bo>"}, Distance: 1, Verdict: Wrong},
		{A: picture, B: picture, Names: [2]string{"cy", "di"}},
	}.HTML()
	if err != nil {
		t.Fatal(err)
	}
	for want, times := range map[string]int{
		`<span class="name">ada</span>`: 2, `<span class="name">&lt;bo&gt;</span>`: 1, `alt="di"`: 1, "0.123": 1, "1.000": 1, "✓": 1, "✗": 1, "<img ": 6,
	} {
		if got := strings.Count(string(html), want); got != times {
			t.Errorf("the pairs hold %q %d times, want %d", want, got, times)
		}
	}
	if _, err := (PicturePairs{{A: picture}}).HTML(); err == nil {
		t.Error("a pair without its second picture = nil, want an error")
	}
}
