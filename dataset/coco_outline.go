package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/siam-go/siam/imgproc"
)

// fillOutline gives a level to the pixels that an outline of COCO's covers: polygons, or run lengths as numbers or packed into a text.
func fillOutline(mask imgproc.Image, outline json.RawMessage, level uint8) error {
	if outline = bytes.TrimSpace(outline); len(outline) == 0 || outline[0] != '{' {
		var polygons [][]float64
		if err := json.Unmarshal(outline, &polygons); err != nil {
			return errors.New("its segmentation is neither polygons nor run lengths")
		}
		for _, polygon := range polygons {
			if len(polygon) < 6 || len(polygon)%2 != 0 {
				return fmt.Errorf("a polygon of %d numbers: want x and y of three places or more", len(polygon))
			}
			fillPolygon(mask, polygon, level)
		}
		return nil
	}
	var runs struct {
		Size   []int           `json:"size"`
		Counts json.RawMessage `json:"counts"`
	}
	if err := json.Unmarshal(outline, &runs); err != nil {
		return fmt.Errorf("its run lengths: %w", err)
	}
	if !slices.Equal(runs.Size, []int{mask.H, mask.W}) {
		return fmt.Errorf("run lengths of size %v for an image of %d rows and %d columns", runs.Size, mask.H, mask.W)
	}
	var counts []int
	var packed string
	if err := json.Unmarshal(runs.Counts, &packed); err == nil {
		counts, err = unpackRuns(packed)
		if err != nil {
			return err
		}
	} else if err := json.Unmarshal(runs.Counts, &counts); err != nil {
		return errors.New("its counts are neither numbers nor a text")
	}
	return fillRuns(mask, counts, level)
}

// fillRuns goes down the columns, one after the other, of background and object by turns, background first.
func fillRuns(mask imgproc.Image, counts []int, level uint8) error {
	at, area := 0, mask.H*mask.W
	for i, n := range counts {
		if n < 0 || n > area-at {
			return fmt.Errorf("run %d is %d pixels long, with %d of %d left", i+1, n, area-at, area)
		}
		if i%2 == 1 {
			for k := at; k < at+n; k++ {
				mask.Pix[k%mask.H*mask.W+k/mask.H] = level
			}
		}
		at += n
	}
	if at != area {
		return fmt.Errorf("its runs cover %d of %d pixels", at, area)
	}
	return nil
}

// unpackRuns reads run lengths from COCO's text: each, from the fourth on less the one two before it, in groups of five bits from the
// lowest on, a sixth bit saying that more follow, and 48 added to make a letter.
func unpackRuns(text string) (counts []int, err error) {
	for at := 0; at < len(text); {
		value, more := 0, true
		for shift := 0; more; shift += 5 {
			if at == len(text) || text[at] < 48 || text[at] >= 48+64 || shift > 30 {
				return nil, errors.New("its packed run lengths are damaged")
			}
			letter := int(text[at]) - 48
			at++
			value |= letter & 31 << shift
			more = letter&32 != 0
			if !more && letter&16 != 0 {
				value |= -1 << (shift + 5)
			}
		}
		if n := len(counts); n > 2 {
			value += counts[n-2]
		}
		counts = append(counts, value)
	}
	return counts, nil
}

// fillPolygon fills the pixels whose middle lies inside a polygon of x, y, x, y, …: where a line to the left crosses its sides an odd
// number of times.
func fillPolygon(mask imgproc.Image, polygon []float64, level uint8) {
	crossings := make([][]float64, mask.H)
	n := len(polygon) / 2
	for i := range n {
		x0, y0, x1, y1 := polygon[2*i], polygon[2*i+1], polygon[(2*i+2)%(2*n)], polygon[(2*i+3)%(2*n)]
		if y0 > y1 {
			x0, y0, x1, y1 = x1, y1, x0, y0
		}
		first, last := math.Max(math.Ceil(y0-0.5), 0), math.Min(math.Ceil(y1-0.5), float64(mask.H))
		for y := first; y < last; y++ {
			crossings[int(y)] = append(crossings[int(y)], x0+(x1-x0)*(y+0.5-y0)/(y1-y0))
		}
	}
	for y, at := range crossings {
		slices.Sort(at)
		for k := 0; k+1 < len(at); k += 2 {
			from, to := math.Max(math.Ceil(at[k]-0.5), 0), math.Min(math.Ceil(at[k+1]-0.5), float64(mask.W))
			for x := from; x < to; x++ {
				mask.Pix[y*mask.W+int(x)] = level
			}
		}
	}
}
