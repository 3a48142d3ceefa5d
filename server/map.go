package server

import (
	"context"
	"math/rand/v2"
	"slices"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/report"
)

type mapInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	Method  string `query:"method" enum:"pca,tsne" default:"pca" doc:"tsne keeps neighbours together, pca keeps large distances"`
	Most    int    `query:"most" minimum:"3" maximum:"1000" default:"500" doc:"images to show at most, chosen at random, the same ones every time"`
}

// drawMap lays out what a gallery searches.
func (s *Server) drawMap(ctx context.Context, in *mapInput) (*answer[api.Map], error) {
	if _, err := s.named(ctx, in.Gallery); err != nil {
		return nil, err
	}
	v, err := s.Store.Vectors(ctx, in.Gallery, 0)
	if err != nil {
		return nil, err
	}
	out := api.Map{Gallery: in.Gallery, Method: in.Method, Of: len(v.Refs), Points: []api.Point{}}
	chosen := rand.New(rand.NewPCG(1, 1)).Perm(len(v.Refs))
	chosen = chosen[:min(in.Most, len(chosen))]
	slices.Sort(chosen)
	var rows [][]float32
	for _, i := range chosen {
		rows = append(rows, v.Values[i*v.Dim:(i+1)*v.Dim])
	}
	if len(rows) == 0 {
		return &answer[api.Map]{out}, nil
	}
	var places [][2]float64
	if in.Method == "tsne" && len(rows) > 2 {
		places, err = report.TSNE(ctx, rows, 1)
	} else {
		places, out.Explained, err = report.PCA(rows, 1)
	}
	if err != nil {
		return nil, err
	}
	for n, i := range chosen {
		out.Points = append(out.Points, api.Point{ID: v.Refs[i].ID, X: places[n][0], Y: places[n][1], Stranger: v.Refs[i].ID == ""})
	}
	return &answer[api.Map]{out}, nil
}
