package mot

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Formats are what [Format] writes.
var Formats = []string{"mot", "kitti", "coco"}

// Format writes tracks: as MOTChallenge's results (format mot: frame, id, left, top, width, height, score, -1, -1, -1), as KITTI's tracking
// results, or as COCO's JSON. Reading that again gives the same rows, to a ten-thousandth of a pixel in text.
func Format(s Sequence, format string) ([]byte, error) {
	var b bytes.Buffer
	switch format {
	case "mot":
		for _, r := range s.Rows {
			fmt.Fprintf(&b, "%d,%d,%s,%s,%s,%s,%s,-1,-1,-1\n", r.Frame, r.ID, number(r.Box.X), number(r.Box.Y), number(r.Box.W), number(r.Box.H), number(r.Score))
		}
	case "kitti":
		writeKITTI(&b, s.Rows)
	case "coco":
		if err := writeCOCO(&b, s); err != nil {
			return nil, fmt.Errorf("write %s: %w", s.Name, err)
		}
	default:
		return nil, fmt.Errorf("format %q, want one of %s", format, strings.Join(Formats, ", "))
	}
	return b.Bytes(), nil
}

// Pair is a sequence's truth and what a tracker made of it.
type Pair struct{ Truth, Tracks Sequence }

// Pairs joins truth and tracks by the names of their sequences; one sequence alone goes with one alone, whatever their names. Only
// names the sequences wanted; empty means all of truth, and one that has no tracks is an error.
func Pairs(truth, tracks []Sequence, only []string) ([]Pair, error) {
	if len(tracks) == 1 {
		tracks = place(tracks[0], truth)
	}
	if len(truth) == 1 && len(tracks) == 1 && len(only) == 0 {
		return []Pair{{truth[0], tracks[0]}}, nil
	}
	var pairs []Pair
	var missing []string
	for _, t := range truth {
		if len(only) > 0 && !slices.Contains(only, t.Name) {
			continue
		}
		at := slices.IndexFunc(tracks, func(s Sequence) bool { return s.Name == t.Name })
		if at < 0 {
			missing = append(missing, t.Name)
			continue
		}
		pairs = append(pairs, Pair{t, tracks[at]})
	}
	switch {
	case len(missing) > 0 && len(pairs) > 0:
		return nil, fmt.Errorf("no tracks of %s; to judge the others only, name them: --seq %s", strings.Join(missing, ", "), strings.Join(names(pairs), ","))
	case len(pairs) == 0:
		return nil, fmt.Errorf("no sequence is in both: the truth has %s, the tracks have %s", listed(truth), listed(tracks))
	case len(only) > len(pairs):
		return nil, fmt.Errorf("sequences %s were asked for, and the truth has %s", strings.Join(only, ", "), listed(truth))
	}
	return pairs, nil
}

func names(pairs []Pair) (names []string) {
	for _, p := range pairs {
		names = append(names, p.Truth.Name)
	}
	return names
}

func listed(all []Sequence) string {
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return strings.Join(names, ", ")
}
