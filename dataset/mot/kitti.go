package mot

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// isKITTI reports whether the first line has the columns of KITTI's tracking labels.
func isKITTI(data []byte) bool {
	line, _, _ := bytes.Cut(data, []byte("\n"))
	fields := strings.Fields(string(line))
	if len(fields) < 10 {
		return false
	}
	_, err := strconv.ParseFloat(fields[2], 64)
	return err != nil
}

// parseKITTI reads KITTI's tracking labels and results:
//
//	frame id type truncated occluded alpha left top right bottom height width length x y z rotation [score]
//
// Its frames begin at 0 and become 1. DontCare is a region to ignore.
func parseKITTI(path string, data []byte) (Sequence, error) {
	s := Sequence{Path: path, Format: "kitti"}
	err := eachLine(data, func(line int, fields []string) error {
		r, err := kittiRow(fields)
		if err != nil {
			return err
		}
		r.Line = line
		if r.Label == "dontcare" {
			s.Ignore = append(s.Ignore, r)
			return nil
		}
		s.add(r)
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read %s as KITTI's labels: %w", path, err)
	}
	s.sorted()
	return s, nil
}

func kittiRow(fields []string) (r Row, err error) {
	if len(fields) < 10 {
		return r, fmt.Errorf("%d columns, want at least 10", len(fields))
	}
	numbers, err := floats(append(fields[:2:2], fields[3:]...))
	if err != nil {
		return r, err
	}
	if r.Frame, err = whole(numbers[0]+1, "frame"); err != nil {
		return r, err
	}
	if r.ID, err = whole(numbers[1], "id"); err != nil {
		return r, err
	}
	left, top, right, bottom := numbers[5], numbers[6], numbers[7], numbers[8]
	r.Box, r.Label, r.Score = Box{left, top, right - left, bottom - top}, strings.ToLower(fields[2]), 1
	if len(numbers) > 16 {
		r.Score = numbers[16]
	}
	if r.Label == "dontcare" && !r.Box.Finite() {
		return r, fmt.Errorf("a region that is not finite")
	}
	return r, nil
}

// writeKITTI writes rows as KITTI's results. What they do not have is as KITTI marks it: -1, -10 and -1000.
func writeKITTI(b *bytes.Buffer, rows []Row) {
	for _, r := range rows {
		label := r.Label
		if label == "" {
			label = "pedestrian"
		}
		fmt.Fprintf(b, "%d %d %s -1 -1 -10 %s %s %s %s -1 -1 -1 -1000 -1000 -1000 -10 %s\n", r.Frame-1, r.ID, title(label),
			number(r.Box.X), number(r.Box.Y), number(r.Box.X+r.Box.W), number(r.Box.Y+r.Box.H), number(r.Score))
	}
}

func title(label string) string { return strings.ToUpper(label[:1]) + label[1:] }

// number writes v in hundredths of a hundredth, without zeros at the end.
func number(v float64) string {
	return strconv.FormatFloat(math.Round(v*1e4)/1e4, 'f', -1, 64)
}
