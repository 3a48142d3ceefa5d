package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/track"
)

// named is whom a gallery takes a track for.
type named struct {
	Verdict  gallery.Outcome `json:"verdict"`
	ID       string          `json:"id,omitempty"` // of a match; of refer, the likest
	Distance *float32        `json:"distance,omitempty"`
	Reason   string          `json:"reason"`
	Boxes    int             `json:"boxes"` // that were looked at
}

// nameTracks asks the gallery who each track is, by its best boxes together. An id goes to one of the tracks that are there at the same time, the
// nearest; the others are referred.
func (a *app) nameTracks(ctx context.Context, f trackFlags, v *viewer, frames []track.Frame, rows []mot.Row, tracks []lifetime) error {
	if f.gallery == "" {
		return nil
	}
	g, closeGallery, err := openNames(ctx, f.gallery, v.model)
	if err != nil {
		return err
	}
	defer closeGallery()
	shown := shownBy(frames, rows)
	for i := range tracks {
		photos := photographs(tracks[i].ID, shown[tracks[i].ID])
		if len(photos) == 0 {
			continue // nobody looked at it
		}
		r, err := g.IdentifyBurst(ctx, photos, gallery.IdentifyOptions{})
		if err != nil {
			return fmt.Errorf("naming track %d: %w", tracks[i].ID, err)
		}
		tracks[i].Identity = &named{r.Outcome, r.ID, r.Distance, r.Reason, len(photos)}
	}
	oneOfEach(tracks)
	return nil
}

// openNames opens the gallery ADDRESS#NAME that names tracks by a model.
func openNames(ctx context.Context, of string, model *siam.Model) (*gallery.Gallery, func(), error) {
	address, name, _ := strings.Cut(of, "#")
	store, err := openStore(ctx, storeOptions{url: address})
	if err != nil {
		return nil, nil, err
	}
	g, err := gallery.Open(ctx, store, cmp.Or(name, mainGallery), model.ForGallery())
	if err != nil {
		store.Close()
		return nil, nil, fmt.Errorf("naming tracks by %s: %w", address, err)
	}
	return g, func() { store.Close() }, nil
}

// mostShown is how many boxes of a track a gallery is asked about.
const mostShown = 8

// shownBy are the detections of each track that have an embedding, the surest first: those whose box is the track's, or nearly.
func shownBy(frames []track.Frame, rows []mot.Row) map[int][]*track.Detection {
	of := map[int]int{} // index of each frame's number
	for i := range frames {
		of[frames[i].Number] = i
	}
	shown := map[int][]*track.Detection{}
	for _, r := range rows {
		detections := frames[of[r.Frame]].Detections
		best, most := -1, 0.5
		for i, d := range detections {
			if iou := d.Box.IoU(r.Box); d.Embedding != nil && iou > most {
				best, most = i, iou
			}
		}
		if best >= 0 {
			shown[r.ID] = append(shown[r.ID], &detections[best])
		}
	}
	for _, all := range shown {
		slices.SortStableFunc(all, func(a, b *track.Detection) int { return cmp.Compare(b.Score, a.Score) })
	}
	return shown
}

// photographs are a track's best boxes as a gallery is asked about them.
func photographs(id int, shown []*track.Detection) (photos []gallery.Photograph) {
	for _, d := range shown[:min(len(shown), mostShown)] {
		photos = append(photos, gallery.Photograph{
			Name:  fmt.Sprintf("track %d", id),
			Faces: []gallery.Face{{Main: true, Score: float32(min(max(d.Score, 0), 1)), Embedding: d.Embedding}},
		})
	}
	return photos
}

// oneOfEach leaves each id to the nearest of the tracks that it matches at one time.
func oneOfEach(tracks []lifetime) {
	nearest := make([]int, len(tracks))
	for i := range nearest {
		nearest[i] = i
	}
	far := func(i int) float32 {
		if n := tracks[i].Identity; n != nil && n.Distance != nil {
			return *n.Distance
		}
		return 0
	}
	slices.SortStableFunc(nearest, func(a, b int) int { return cmp.Compare(far(a), far(b)) })
	for k, i := range nearest {
		n := tracks[i].Identity
		if n == nil || n.Verdict != gallery.Match {
			continue
		}
		for _, j := range nearest[:k] {
			other := tracks[j].Identity
			if other != nil && other.Verdict == gallery.Match && other.ID == n.ID && tracks[i].First <= tracks[j].Last && tracks[j].First <= tracks[i].Last {
				n.Verdict, n.Reason = gallery.Refer, fmt.Sprintf("track %d, there at the same time, is nearer to %s", tracks[j].ID, n.ID)
				break
			}
		}
	}
}

// nameText is a line for each track that the gallery was asked about.
func nameText(tracks []lifetime) string {
	var b strings.Builder
	for _, t := range tracks {
		n := t.Identity
		if n == nil {
			continue
		}
		switch {
		case n.Verdict == gallery.NoMatch || n.ID == "":
			fmt.Fprintf(&b, "track %d: %s (%s)\n", t.ID, strings.ReplaceAll(string(n.Verdict), "_", " "), n.Reason)
		default:
			fmt.Fprintf(&b, "track %d: %s %s at distance %.4f (%s)\n", t.ID, n.Verdict, n.ID, *n.Distance, n.Reason)
		}
	}
	return b.String()
}
