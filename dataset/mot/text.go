package mot

import (
	"bufio"
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Classes are the names of MOT16's classes, by number; MOT17 and MOT20 have the same.
var Classes = []string{1: "pedestrian", "person_on_vehicle", "car", "bicycle", "motorbike", "non_mot_vehicle", "static_person", "distractor", "occluder",
	"occluder_on_the_ground", "occluder_full", "reflection", "crowd"}

// parse reads one file of any of the formats.
func parse(path string, data []byte) ([]Sequence, error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	switch first := bytes.TrimSpace(data); {
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		return nil, fmt.Errorf("read %s: it is packed with gzip: unpack it first", path)
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return nil, fmt.Errorf("read %s: it is text in UTF-16: save it as UTF-8", path)
	case len(first) > 0 && (first[0] == '{' || first[0] == '['):
		return parseCOCO(path, first)
	case isKITTI(first):
		return one(parseKITTI(path, data))
	}
	return one(parseText(path, data))
}

func one(s Sequence, err error) ([]Sequence, error) { return []Sequence{s}, err }

// parseText reads MOTChallenge's text:
//
//	frame, id, left, top, width, height[, score or flag[, class, visibility | x, y, z]]
//
// with commas or blanks between; a first line that names the columns is passed over. A row has a class if all rows have nine numbers of which the eighth is one of [Classes]: so the
// truth of MOT16, MOT17 and MOT20 is told from that of MOT15.
func parseText(path string, data []byte) (Sequence, error) {
	s := Sequence{Path: path, Format: "mot"}
	var classes []int
	classed := true
	err := eachLine(data, func(line int, fields []string) error {
		if len(fields) < 6 {
			return fmt.Errorf("%d numbers, want frame, id, left, top, width, height and perhaps more", len(fields))
		}
		numbers, err := floats(fields)
		if err != nil {
			if len(s.Rows)+len(s.Bad) == 0 && isHeader(fields) {
				return nil
			}
			return err
		}
		r := Row{Box: Box{numbers[2], numbers[3], numbers[4], numbers[5]}, Score: 1, Line: line}
		if r.Frame, err = whole(numbers[0], "frame"); err != nil {
			return err
		}
		if r.ID, err = whole(numbers[1], "id"); err != nil {
			return err
		}
		if len(numbers) > 6 {
			r.Score = numbers[6]
		}
		before := len(s.Rows)
		s.add(r)
		if len(s.Rows) > before {
			class, known := classOf(numbers)
			classes, classed = append(classes, class), classed && known
		}
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("read %s: %w", path, err)
	}
	for i := range s.Rows {
		if classed {
			s.Rows[i].Label = Classes[classes[i]]
		}
	}
	s.sorted()
	return s, nil
}

// isHeader reports whether a line names its columns.
func isHeader(fields []string) bool {
	return strings.EqualFold(fields[0], "frame") || strings.EqualFold(fields[0], "frame_id") || strings.EqualFold(fields[0], "frameid")
}

func classOf(numbers []float64) (class int, known bool) {
	if len(numbers) != 9 || numbers[7] != math.Trunc(numbers[7]) || numbers[7] < 1 || int(numbers[7]) >= len(Classes) {
		return 0, false
	}
	return int(numbers[7]), true
}

// eachLine calls do for each line that has fields; a # begins a comment.
func eachLine(data []byte, do func(line int, fields []string) error) error {
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<20)
	for line := 1; lines.Scan(); line++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := split(text)
		if len(fields) == 0 {
			continue
		}
		if err := do(line, fields); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	return lines.Err()
}

// split cuts at commas, semicolons and blanks; a comma at the end adds nothing.
func split(text string) []string {
	if strings.ContainsAny(text, ",;") {
		text = strings.TrimRight(strings.TrimSpace(text), ",;")
		fields := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		return fields
	}
	return strings.Fields(text)
}

func floats(fields []string) ([]float64, error) {
	numbers := make([]float64, len(fields))
	for i, field := range fields {
		v, err := strconv.ParseFloat(field, 64)
		if err != nil && !math.IsInf(v, 0) {
			return nil, fmt.Errorf("%.40q is not a number", field)
		}
		numbers[i] = v
	}
	return numbers, nil
}

// whole is v as a number of a frame or track.
func whole(v float64, what string) (int, error) {
	if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
		return 0, fmt.Errorf("%s %g, want a whole number", what, v)
	}
	return int(v), nil
}
