package judge

import (
	"context"
	"fmt"

	"github.com/siam-go/siam/report"
)

// mostNamed is the most identities whose names are written on a map: more would hide the pictures.
const mostNamed = 40

// Maps draws an album's pictures at the places of their embeddings.
type Maps struct {
	Neighbours report.Map // by t-SNE: pictures whose embeddings are near stand together
	Axes       report.Map // by PCA: the directions of largest variance
	Explained  [2]float64 // share of the variance along each of the axes
	known      bool       // colours are identities
}

// Map places an album's pictures on both maps, or, when neighbours is false, on the axes alone, which is quick. ink is for dark
// drawings on light paper.
func (al *Album) Map(ctx context.Context, ink, neighbours bool, seed uint64) (Maps, error) {
	m := Maps{Axes: al.blankMap(ink), known: al.Known}
	m.Neighbours = m.Axes
	embeddings := al.embeddings()
	var err error
	if m.Axes.Points, m.Explained, err = report.PCA(embeddings, seed); err != nil || !neighbours {
		return m, err
	}
	m.Neighbours.Points, err = report.TSNE(ctx, embeddings, seed)
	return m, err
}

// blankMap is a map without places.
func (al *Album) blankMap(ink bool) report.Map {
	m := report.Map{Labels: make([]int, len(al.Pictures)), Ink: ink}
	for _, p := range al.Pictures {
		m.Images, m.Names = append(m.Images, p.Image), append(m.Names, p.Name)
	}
	if al.Known {
		labels, names := al.labels()
		m.Labels = labels
		if len(names) <= mostNamed {
			m.Groups = names
		}
	}
	return m
}

// AddTo writes both maps into a report.
func (m Maps) AddTo(page *report.Report) {
	colours := ""
	if m.known {
		colours = " Pictures of one identity have one colour."
	}
	page.Add(report.Section{
		Title: "Neighbours (t-SNE)", Parts: []report.Part{m.Neighbours},
		Text: "Pictures whose embeddings are near stand together; distances between far groups mean little." + colours + " Point at one to see it large.",
	})
	page.Add(report.Section{
		Title: "Main axes (PCA)", Parts: []report.Part{m.Axes},
		Text: fmt.Sprintf("The two directions of largest variance, which show %.0f %% and %.0f %% of it.", 100*m.Explained[0], 100*m.Explained[1]),
	})
}
