package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/encoder"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/gallery"
)

type compareInput struct {
	RawBody huma.MultipartFormFiles[struct {
		Model string        `form:"model" required:"false" doc:"hash, its beginning, or name of a model, where the server holds several"`
		Faces bool          `form:"faces" required:"false" doc:"the images are photographs: find the faces in them"`
		A     huma.FormFile `form:"a" required:"true"`
		B     huma.FormFile `form:"b" required:"true"`
	}]
}

type embedInput struct {
	RawBody huma.MultipartFormFiles[struct {
		Model  string          `form:"model" required:"false" doc:"hash, its beginning, or name of a model, where the server holds several"`
		Faces  bool            `form:"faces" required:"false" doc:"the images are photographs: find the faces in them"`
		Images []huma.FormFile `form:"image" required:"true"`
	}]
}

func (s *Server) modelRoutes() {
	look := policy{roles: []Role{RoleIdentify}, work: true, form: true}
	handle(s, post("compare", "/v1/compare", "are two images the same?"), look, s.compare)
	handle(s, post("embed", "/v1/embed", "embeddings of images, or of the faces in them"), look, s.embed)
	handle(s, get("models", "/v1/models", "the models that the server holds"), policy{}, s.listModels)
}

// seen is a model by its name, with a pipeline where faces are asked for.
func (s *Server) seen(name string, faces bool) (*eye, *face.Pipeline, error) {
	e, err := s.eyeOf(name)
	if err != nil || !faces {
		return e, nil, err
	}
	pipeline, err := e.pipeline(false)
	return e, pipeline, err
}

func (s *Server) compare(ctx context.Context, in *compareInput) (*answer[api.Verdict], error) {
	form := in.RawBody.Data()
	e, pipeline, err := s.seen(form.Model, form.Faces)
	if err != nil {
		return nil, err
	}
	if e.File().Calibration == nil { // before there is work to do
		return nil, refuse(http.StatusConflict, "model %s has no threshold: compare the distances of embeddings, or choose one with siam calibrate", e.Name)
	}
	photos, err := s.look(ctx, e, pipeline, []huma.FormFile{form.A, form.B}, false)
	if err != nil {
		return nil, err
	}
	var faces [2]gallery.Face
	for i, photo := range photos {
		if faces[i], _, err = mainFace(photo); err != nil {
			return nil, err
		}
	}
	v, err := e.CompareEmbeddings(faces[0].Embedding, faces[1].Embedding)
	if err != nil {
		return nil, err
	}
	out := &answer[api.Verdict]{api.Verdict{Same: v.Same, Distance: v.Distance, Threshold: v.Threshold}}
	for i, face := range faces {
		if pipeline != nil {
			out.Body.Photographs = append(out.Body.Photographs, api.Compared{File: photos[i].Name, Box: *face.Box, Score: face.Score, Faces: len(photos[i].Faces)})
		}
	}
	return out, nil
}

// mainFace is the face that a photograph is of; that there is none is the client's to know.
func mainFace(photo gallery.Photograph) (gallery.Face, string, error) {
	face, note, err := photo.MainFace()
	if err != nil {
		return face, "", refuse(http.StatusUnprocessableEntity, "%s", err)
	}
	return face, note, nil
}

func (s *Server) embed(ctx context.Context, in *embedInput) (*answer[api.Embedded], error) {
	form := in.RawBody.Data()
	e, pipeline, err := s.seen(form.Model, form.Faces)
	if err != nil {
		return nil, err
	}
	photos, err := s.look(ctx, e, pipeline, form.Images, false)
	if err != nil {
		return nil, err
	}
	out := api.Embedded{Model: e.File().Hash, Dim: e.Spec().Dim, Files: []string{}, Embeddings: [][]float32{}, Skipped: []api.Skipped{}}
	for _, photo := range photos {
		if len(photo.Faces) == 0 {
			out.Skipped = append(out.Skipped, api.Skipped{File: photo.Name, Why: "no face was found"})
		}
		for i, face := range photo.Faces {
			name := photo.Name
			if len(photo.Faces) > 1 {
				name = fmt.Sprintf("%s#%d", name, i+1)
			}
			out.Files, out.Embeddings = append(out.Files, name), append(out.Embeddings, face.Embedding)
		}
	}
	return &answer[api.Embedded]{out}, nil
}

func (s *Server) listModels(context.Context, *struct{}) (*answer[api.Models], error) {
	out := api.Models{Models: []api.Model{}, Masks: []string{}}
	for _, m := range s.Masks {
		out.Masks = append(out.Masks, m.Name)
	}
	for _, e := range s.eyes {
		_, faces := e.File().Networks[encoder.DetectorNetwork]
		m := api.Model{Hash: e.File().Hash, File: e.Name, Distance: e.NamedDistance().Name, Dim: e.Spec().Dim, Faces: faces}
		if c := e.File().Calibration; c != nil {
			m.Threshold = &c.Threshold
		}
		out.Models = append(out.Models, m)
	}
	slices.SortFunc(out.Models, func(a, b api.Model) int { return cmp.Compare(a.Hash, b.Hash) })
	return &answer[api.Models]{out}, nil
}
