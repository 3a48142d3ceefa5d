package main

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/imgproc"
	"github.com/siam-go/siam/report"
)

// demoCrossing is when a figure is lost behind another and found again.
type demoCrossing struct {
	figure      int  // of the truth
	lost, found int  // frames: the last before, the first after
	kept        bool // with the network
}

// afterCrossing is how many frames after it are shown.
const afterCrossing = 8

// findCrossing is the first crossing at which motion alone gives a figure another id, if there is one where looks do not.
func findCrossing(motion, looks []tracking.Event) (best demoCrossing, ok bool) {
	for _, e := range motion {
		if e.Kind != tracking.Switch {
			continue
		}
		ids, others := idsOf(motion, e.Truth), idsOf(looks, e.Truth)
		c := demoCrossing{figure: e.Truth, lost: e.Frame - 1, found: e.Frame}
		for id, there := ids[c.lost]; there && id == 0; id, there = ids[c.lost] {
			c.lost--
		}
		if ids[c.lost] == 0 || c.found-c.lost < 3 {
			continue // it left the street, or nobody hid it
		}
		had := others[c.lost]
		c.kept = had != 0 && had == others[c.found] && had == others[c.found+afterCrossing]
		if !ok || c.kept && !best.kept {
			best, ok = c, true
		}
	}
	return best, ok
}

// idsOf are a figure's ids by the frames in which it is there: 0 where it is not found.
func idsOf(events []tracking.Event, figure int) map[int]int {
	ids := map[int]int{}
	for _, e := range events {
		if e.Truth == figure {
			ids[e.Frame] = e.Track
		}
	}
	return ids
}

// frames are those to be shown: before, while it is hidden, when it is found again and after.
func (c demoCrossing) frames(last int) []int {
	return []int{c.lost, (c.lost + c.found) / 2, c.found, min(c.found+afterCrossing, last)}
}

// demoStrip is the pictures of a crossing, without the network and with it.
type demoStrip struct {
	demoCrossing
	tiles []report.Tile
}

// newDemoStrip draws the crossing that [findCrossing] finds; without one there are no pictures.
func newDemoStrip(ctx context.Context, world mot.World, motion, looks demoTracked) (demoStrip, error) {
	c, ok := findCrossing(motion.judged.Events(), looks.judged.Events())
	if !ok {
		return demoStrip{}, nil
	}
	truth, _, err := world.Sequences(ctx)
	if err != nil {
		return demoStrip{}, err
	}
	wanted := map[int]image.Image{}
	frames := c.frames(world.Frames)
	for _, number := range frames {
		wanted[number] = nil
	}
	err = world.Pictures(ctx, func(number int, draw func() imgproc.Image) error {
		if _, want := wanted[number]; want {
			wanted[number] = draw().GoImage()
		}
		return nil
	})
	strip := demoStrip{demoCrossing: c}
	for i, of := range []demoTracked{motion, looks} {
		ids := idsOf(of.judged.Events(), c.figure)
		for _, number := range frames {
			tile := report.Tile{Large: true, Caption: fmt.Sprintf("%s, frame %d", demoTrackers[i], number), Verdict: idVerdict(ids[frames[0]], ids[number])}
			tile.Image = around(report.DrawTracks(wanted[number], number, of.rows, 25), middleOf(truth.Rows, c.figure, number))
			strip.tiles = append(strip.tiles, tile)
		}
	}
	return strip, err
}

// idVerdict marks whether a figure still has the id that it had; where it has none nothing is marked.
func idVerdict(had, has int) report.Verdict {
	switch has {
	case 0:
		return report.Unmarked
	case had:
		return report.Right
	}
	return report.Wrong
}

// middleOf is where a figure is, or was last.
func middleOf(truth []mot.Row, figure, number int) (at image.Point) {
	for _, r := range truth {
		if r.ID == figure && r.Frame <= number {
			at = image.Pt(int(r.Box.X+r.Box.W/2), int(r.Box.Y+r.Box.H/2))
		}
	}
	return at
}

// around is the square of a picture with a place in its middle; what is outside the picture is grey.
func around(picture image.Image, at image.Point) image.Image {
	const side = 220
	out := image.NewNRGBA(image.Rect(0, 0, side, side))
	draw.Draw(out, out.Rect, image.NewUniform(color.Gray{0xe4}), image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, picture, at.Sub(image.Pt(side/2, side/2)), draw.Over)
	return out
}

// demoTrackers name the two runs.
var demoTrackers = [2]string{"motion alone", "with the network"}

// section is what the report shows of the street.
func (s demoStreet) section() report.Section {
	table := report.Table{Columns: []string{"tracker", "MOTA", "IDF1", "HOTA", "ids switched", "tracks"}}
	for i, r := range []tracking.Result{s.Motion, s.Looks} {
		percent := func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
		table.Rows = append(table.Rows, []string{demoTrackers[i], percent(r.MOTA), percent(r.IDF1), percent(r.HOTA), fmt.Sprint(r.IDSW), fmt.Sprint(r.Tracks)})
	}
	section := report.Section{
		Title: "Tracking: is it still the same figure?",
		Text: fmt.Sprintf("%d figures walk through an invented street for %d frames, hide each other, leave and return; an invented detector sees them with misses and false boxes. "+
			"One tracker with one setting goes over the same boxes twice: by where they are alone, and with a small network that was trained in this run on %d figures of other streets and has seen none of these. "+
			"How much looks weigh was chosen on streets like this one, whose clothes never change their colours: film is harder.",
			s.Motion.People, s.Frames, s.Figures),
		Parts: []report.Part{table},
	}
	if len(s.strip.tiles) > 0 {
		section.Text += " " + s.strip.words()
		section.Parts = append(section.Parts, report.Sheet{Tiles: s.strip.tiles, Columns: 4})
	}
	return section
}

// words say what the pictures show, and how they were chosen.
func (s demoStrip) words() string {
	chosen := "In the middle of the pictures is the first figure that gets another id by motion alone after it was hidden, and keeps its id with the network"
	if !s.kept {
		chosen = "In the middle of the pictures is the first figure that gets another id by motion alone after it was hidden; the network does not keep it either"
	}
	return chosen + " (green: the id of the first picture, red: another one). It was chosen to show that; the numbers are of the whole street."
}

func (s demoStreet) text() string {
	line := func(name string, r tracking.Result) string {
		return fmt.Sprintf("%-17s MOTA %.1f %%, IDF1 %.1f %%, HOTA %.1f %%, %d ids switched\n", name, 100*r.MOTA, 100*r.IDF1, 100*r.HOTA, r.IDSW)
	}
	return fmt.Sprintf("\n%d figures tracked through an invented street of %d frames\n", s.Motion.People, s.Frames) + line(demoTrackers[0], s.Motion) + line(demoTrackers[1], s.Looks)
}
