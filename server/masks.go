package server

import (
	"context"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/report"
)

// Masks is a model of co-segmentation that a server holds.
type Masks struct {
	*coseg.Model
	Name string // of its file
}

// mostMasks is the largest group of images: each is compared with each.
const mostMasks = 12

// maskSide is from which longest side a copy of a large photograph is fine enough.
const maskSide = 640

type masksInput struct {
	RawBody huma.MultipartFormFiles[struct {
		Model  string          `form:"model" required:"false" doc:"file name of a model of co-segmentation, where the server holds several"`
		Images []huma.FormFile `form:"image" required:"true"`
	}]
}

func (s *Server) maskRoutes() {
	handle(s, post("masks", "/v1/masks", "what do images share?"), policy{roles: []Role{RoleIdentify}, work: true, form: true}, s.masks)
	handle(s, get("tracks", "/v1/tracks", "pages of tracked videos in the server's folder of models"), policy{roles: []Role{RoleAdmin}, all: true}, s.tracks)
}

// masker is the model of co-segmentation of a name; the only one for none.
func (s *Server) masker(name string) (Masks, error) {
	at := slices.IndexFunc(s.Masks, func(m Masks) bool { return m.Name == name })
	switch {
	case at >= 0:
		return s.Masks[at], nil
	case name != "":
		return Masks{}, refuse(http.StatusNotFound, "there is no model of co-segmentation %q", name)
	case len(s.Masks) == 0:
		return Masks{}, refuse(http.StatusConflict, "the server holds no model of co-segmentation: put one that siam train coseg-small wrote into its folder of models")
	case len(s.Masks) > 1:
		return Masks{}, refuse(http.StatusBadRequest, "there are %d models of co-segmentation: name one, such as %s", len(s.Masks), s.Masks[0].Name)
	}
	return s.Masks[0], nil
}

func (s *Server) masks(ctx context.Context, in *masksInput) (*answer[api.Masks], error) {
	form := in.RawBody.Data()
	model, err := s.masker(form.Model)
	if err != nil {
		return nil, err
	}
	if n := len(form.Images); n < 2 || n > min(mostMasks, s.MaxImages) {
		return nil, refuse(http.StatusUnprocessableEntity, "%d images: want from 2 to %d that may share something", n, min(mostMasks, s.MaxImages))
	}
	enough := func(h, w int) bool { return max(h, w) >= maskSide && model.Spec.Preprocess.Enough(h, w) }
	var group []coseg.Encoded
	shown := report.Group{Threshold: 0.5}
	uploads, release, err := s.decodeAll(ctx, form.Images, enough)
	if err != nil {
		return nil, err
	}
	defer release()
	for _, u := range uploads {
		image := u.photo.Image.RGB()
		encoded, err := model.Encode(ctx, image)
		if err != nil {
			return nil, err
		}
		group = append(group, encoded)
		shown.Images = append(shown.Images, report.GroupImage{Name: u.name, Picture: image.GoImage(), Seen: encoded.Seen()})
	}
	return showMasks(ctx, model, group, shown)
}

// showMasks segments a group.
func showMasks(ctx context.Context, model Masks, group []coseg.Encoded, shown report.Group) (*answer[api.Masks], error) {
	masks, err := model.SegmentEncoded(ctx, group)
	if err != nil {
		return nil, err
	}
	out := &answer[api.Masks]{api.Masks{Model: model.Name, PresenceThreshold: model.Threshold}}
	for i, m := range masks {
		var row [][]float32
		for _, other := range group {
			found, err := model.Alikes(ctx, group[i], other)
			if err != nil {
				return nil, err
			}
			row = append(row, found.Cosines)
			shown.Images[i].Rows, shown.Images[i].Columns = found.HA, found.WA
		}
		shown.Alike = append(shown.Alike, row)
		shown.Images[i].Probability, shown.Images[i].Present = m.Probability, m.Present
		out.Body.Found = append(out.Body.Found, api.Mask{Presence: m.Presence, Present: m.Present, Area: m.Area()})
	}
	out.Body.GroupData, err = shown.Data()
	return out, err
}
