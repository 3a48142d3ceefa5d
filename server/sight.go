package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/siam-go/siam"
	"github.com/siam-go/siam/face"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/imgproc"
)

// Model is a model that a server holds.
type Model struct {
	*siam.Model
	Name string // of its file, for people
}

// eye is a model and its ways of looking at photographs.
type eye struct {
	Model
	mu        sync.Mutex
	pipelines [2]*face.Pipeline // without and with mirror images
}

// pipeline finds faces.
func (e *eye) pipeline(mirror bool) (*face.Pipeline, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at := 0
	if mirror {
		at = 1
	}
	if e.pipelines[at] == nil {
		p, err := e.Faces(nil)
		if err != nil {
			return nil, err
		}
		p.Mirror = mirror
		e.pipelines[at] = p
	}
	return e.pipelines[at], nil
}

// sight is a gallery together with the model that sees for it.
type sight struct {
	*gallery.Gallery
	eye      *eye
	settings gallery.Settings
}

// photographs are files of a request, and what is in them.
func (s *Server) photographs(ctx context.Context, in *sight, files []huma.FormFile, crops bool) ([]gallery.Photograph, error) {
	var pipeline *face.Pipeline
	if in.settings.Faces {
		var err error
		if pipeline, err = in.eye.pipeline(in.settings.Mirror); err != nil {
			return nil, err
		}
	}
	return s.look(ctx, in.eye, pipeline, files, crops)
}

// look decodes files and embeds what is in them.
func (s *Server) look(ctx context.Context, e *eye, pipeline *face.Pipeline, files []huma.FormFile, crops bool) ([]gallery.Photograph, error) {
	if len(files) > s.MaxImages {
		return nil, refuse(http.StatusRequestEntityTooLarge, "%d images: want at most %d in a request", len(files), s.MaxImages)
	}
	uploads, release, err := s.decodeAll(ctx, files, e.GalleryEnough(pipeline))
	if err != nil {
		return nil, err
	}
	defer release()
	photos, images := make([]gallery.Photograph, len(files)), make([]imgproc.Photo, len(files))
	for i, u := range uploads {
		sum := sha256.Sum256(u.data)
		photos[i].Name, photos[i].Hash, images[i] = u.name, hex.EncodeToString(sum[:]), u.photo
	}
	lists, err := e.GalleryFaces(ctx, pipeline, crops, images)
	if numbered, ok := errors.AsType[*imgproc.NumberedError](err); ok && ctx.Err() == nil && !errors.Is(err, siam.ErrClosed) {
		return nil, refuse(http.StatusUnprocessableEntity, "%s: %s", photos[numbered.Number-1].Name, numbered.Err)
	}
	if err != nil {
		return nil, err
	}
	for i := range photos {
		photos[i].Faces = lists[i]
	}
	return photos, nil
}

// eyeOf is the model that a request names: by its hash, the beginning of it, or its file's name; the only one where it names none.
func (s *Server) eyeOf(name string) (*eye, error) {
	var found []*eye
	for hash, e := range s.eyes {
		if name == "" || e.Name == name || len(name) >= 6 && strings.HasPrefix(hash, name) {
			found = append(found, e)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case name == "" && len(found) > 1:
		return nil, refuse(http.StatusBadRequest, "there are %d models: name one, /v1/models lists them", len(found))
	case len(found) > 1:
		return nil, refuse(http.StatusBadRequest, "several models are called %q: name one by its hash, /v1/models lists them", name)
	}
	return nil, refuse(http.StatusNotFound, "there is no model %q: /v1/models lists those that there are", name)
}
