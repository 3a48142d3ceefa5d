package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

// identifyForm is who is asked for.
type identifyForm struct {
	Images []huma.FormFile `form:"image" required:"true"`
	Top    int             `form:"top" required:"false" minimum:"1" maximum:"1000" default:"5" doc:"how many of the nearest ids to list"`
	Beside []string        `form:"beside" required:"false" doc:"other galleries of the same model, each with a verdict of its own"`
}

type identifyInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	RawBody huma.MultipartFormFiles[identifyForm]
}

type probesInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	Body    api.Probes
}

type verifyInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	RawBody huma.MultipartFormFiles[struct {
		ID    string        `form:"id" required:"true" doc:"who it should be"`
		Image huma.FormFile `form:"image" required:"true"`
	}]
}

func (s *Server) identifyRoutes() {
	look := policy{roles: []Role{RoleIdentify}, work: true, form: true}
	handle(s, post("identify", "/v1/galleries/{gallery}/identify", "who is on each image? 1:N"), look, s.identify)
	handle(s, post("identify-burst", "/v1/galleries/{gallery}/identify/burst", "who is the one person on several images?"), look, s.identifyBurst)
	handle(s, post("identify-embeddings", "/v1/galleries/{gallery}/identify/embeddings", "whose are embeddings?"), policy{roles: look.roles, work: true}, s.identifyEmbeddings)
	handle(s, post("verify", "/v1/galleries/{gallery}/verify", "is it this id? 1:1"), look, s.verify)
}

// asked are the galleries that a request asks, and what is on its images.
func (s *Server) asked(ctx context.Context, in *identifyInput) ([]*gallery.Gallery, []gallery.Photograph, error) {
	form := in.RawBody.Data()
	main, err := s.open(ctx, in.Gallery)
	if err != nil {
		return nil, nil, err
	}
	asked, crops := []*gallery.Gallery{main.Gallery}, main.settings.ReviewDays > 0
	for i, name := range form.Beside {
		if name == in.Gallery || slices.Contains(form.Beside[:i], name) {
			return nil, nil, refuse(http.StatusUnprocessableEntity, "gallery %q is asked twice: name each once", name)
		}
		if !keyOf(ctx).Sees(name) {
			return nil, nil, refuse(http.StatusForbidden, "key %q is not for gallery %q", keyOf(ctx).Name, name)
		}
		other, err := s.open(ctx, name)
		if err != nil {
			return nil, nil, err
		}
		if other.eye != main.eye || other.settings.Faces != main.settings.Faces || other.settings.Mirror != main.settings.Mirror {
			return nil, nil, refuse(http.StatusConflict, "gallery %q sees images otherwise than %q: ask them one by one", name, in.Gallery)
		}
		asked, crops = append(asked, other.Gallery), crops || other.settings.ReviewDays > 0
	}
	photos, err := s.photographs(ctx, main, form.Images, crops)
	return asked, photos, err
}

func (s *Server) identify(ctx context.Context, in *identifyInput) (*answer[api.Identified], error) {
	asked, photos, err := s.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	return s.judge(ctx, asked, photos, in.RawBody.Data().Top)
}

// judge identifies what is on photographs.
func (s *Server) judge(ctx context.Context, asked []*gallery.Gallery, photos []gallery.Photograph, top int) (*answer[api.Identified], error) {
	results, err := gallery.IdentifyIn(ctx, asked, photos, gallery.IdentifyOptions{Candidates: top})
	if err != nil {
		return nil, err
	}
	out := &answer[api.Identified]{api.Identified{Results: append([]gallery.Result{}, results...), Faceless: []string{}}}
	for _, p := range photos {
		if len(p.Faces) == 0 {
			out.Body.Faceless = append(out.Body.Faceless, p.Name)
		}
	}
	for _, r := range results {
		s.tell(ctx, r.Verdict)
	}
	return out, nil
}

func (s *Server) identifyBurst(ctx context.Context, in *identifyInput) (*answer[api.Bursts], error) {
	asked, photos, err := s.asked(ctx, in)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(photos, func(p gallery.Photograph) bool { return len(p.Faces) > 0 }) {
		return nil, refuse(http.StatusUnprocessableEntity, "no face was found in any of the images: take photographs that show one")
	}
	out := &answer[api.Bursts]{}
	for _, g := range asked {
		r, err := g.IdentifyBurst(ctx, photos, gallery.IdentifyOptions{Candidates: in.RawBody.Data().Top})
		if err != nil {
			return nil, err
		}
		s.tell(ctx, r.Verdict)
		out.Body.Results = append(out.Body.Results, r)
	}
	return out, nil
}

func (s *Server) identifyEmbeddings(ctx context.Context, in *probesInput) (*answer[api.Identified], error) {
	g, err := s.open(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	probes := in.Body
	if probes.Model != "" && !g.settings.Holds(probes.Model) {
		return nil, refuse(http.StatusConflict, "the embeddings are of model %.12s, and gallery %q is of %.12s: embeddings of different models cannot be compared", probes.Model, in.Gallery, g.settings.Model)
	}
	if n := len(probes.Files); n > 0 && n != len(probes.Embeddings) {
		return nil, refuse(http.StatusUnprocessableEntity, "%d files and %d embeddings: want as many", n, len(probes.Embeddings))
	}
	var photos []gallery.Photograph
	for i, row := range probes.Embeddings {
		name := fmt.Sprintf("embedding %d", i+1)
		if len(probes.Files) > 0 {
			name = probes.Files[i]
		}
		photos = append(photos, gallery.Photograph{Name: name, Faces: []gallery.Face{{Main: true, Embedding: row}}})
	}
	return s.judge(ctx, []*gallery.Gallery{g.Gallery}, photos, probes.Top)
}

func (s *Server) verify(ctx context.Context, in *verifyInput) (*answer[gallery.Result], error) {
	form := in.RawBody.Data()
	id, err := cleanID(form.ID)
	if err != nil {
		return nil, err
	}
	g, err := s.open(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	photos, err := s.photographs(ctx, g, []huma.FormFile{form.Image}, false)
	if err != nil {
		return nil, err
	}
	face, _, err := mainFace(photos[0])
	if err != nil {
		return nil, err
	}
	photos[0].Faces = []gallery.Face{face}
	result, err := g.Verify(ctx, id, photos[0])
	if err != nil {
		return nil, err
	}
	s.tell(ctx, result.Verdict)
	return &answer[gallery.Result]{result}, nil
}

// cleanID is an id of a request.
func cleanID(id string) (string, error) {
	clean, err := gallery.CleanID(id)
	if err != nil {
		return "", refuse(http.StatusUnprocessableEntity, "%s", err)
	}
	return clean, nil
}
