package tracking

import (
	"fmt"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
)

// String says what counts.
func (r Rules) String() string {
	if r.Label == "" {
		return "all boxes of the truth count that are not flagged 0"
	}
	text := fmt.Sprintf("boxes labelled %s count that are not flagged 0", r.Label)
	if len(r.Distractors) > 0 {
		text += "; found " + strings.Join(r.Distractors, ", ") + " do not"
	}
	return text
}

// Inferred says what files were taken to mean: their formats and lengths, flagged rows, and what looks like a mistake.
func (r Rules) Inferred(p mot.Pair) []string {
	_, last := p.Truth.Frames()
	first, lastTrack := p.Tracks.Frames()
	length := fmt.Sprintf("%d frames by the last row of the truth", last)
	if p.Truth.Info.Frames > 0 {
		length, last = fmt.Sprintf("%d frames by what is beside the truth", p.Truth.Info.Frames), p.Truth.Info.Frames
	}
	said := []string{fmt.Sprintf("truth in the format %s, tracks in %s", p.Truth.Format, p.Tracks.Format), length}
	flagged := 0
	for _, row := range p.Truth.Rows {
		if row.Score == 0 {
			flagged++
		}
	}
	if flagged > 0 {
		said = append(said, fmt.Sprintf("%d rows of the truth are flagged 0", flagged))
	}
	start, _ := p.Truth.Frames()
	switch {
	case len(p.Tracks.Rows) == 0:
		said = append(said, "there are no tracks")
	case lastTrack > last:
		said = append(said, fmt.Sprintf("the tracks go on to frame %d, and all after %d are false positives", lastTrack, last))
	case first == 0 && start > 0:
		said = append(said, "the tracks begin at frame 0 and the truth does not: are they shifted by one")
	}
	return said
}
