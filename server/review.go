package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

type decideInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	Body    api.Decision
}

type cropInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	Key     string `path:"key" maxLength:"128"`
}

type faceInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	ID      string `query:"id" required:"true"`
}

// picture is an image as an answer.
type picture struct {
	Status      int
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) reviewRoutes() {
	look := policy{roles: []Role{RoleReview}}
	handle(s, get("review", "/v1/galleries/{gallery}/review", "faces that were referred or not matched and wait for a person, those that look alike together"), look, s.review)
	handle(s, post("decide", "/v1/galleries/{gallery}/review", "enroll, keep as strangers or dismiss faces that wait; answers what waits then"), look, s.decide)
	handle(s, get("crop", "/v1/galleries/{gallery}/review/{key}/crop", "the picture of a face that waits"), look, s.crop)
	handle(s, get("face", "/v1/galleries/{gallery}/face", "a picture of an id"), policy{roles: []Role{RoleEnroll, RoleReview}}, s.faceOf)
}

func (s *Server) review(ctx context.Context, in *inGallery) (*answer[api.Reviewed], error) {
	g, err := s.open(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	groups, err := g.Review(ctx)
	return &answer[api.Reviewed]{api.ReviewedOf(in.Gallery, groups)}, err
}

func (s *Server) decide(ctx context.Context, in *decideInput) (*answer[api.Reviewed], error) {
	d := in.Body
	if (len(d.Enroll) > 0) != (d.ID != "") {
		return nil, refuse(http.StatusUnprocessableEntity, "want enroll, the keys of faces, and id, who it is, together")
	}
	if len(d.Enroll)+len(d.Stranger)+len(d.Dismiss) == 0 {
		return nil, refuse(http.StatusUnprocessableEntity, "nothing is decided: want keys of faces in enroll, stranger or dismiss")
	}
	id := d.ID
	if id != "" {
		var err error
		if id, err = cleanID(id); err != nil {
			return nil, err
		}
	}
	g, err := s.open(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	for _, decision := range []struct {
		keys []string
		as   gallery.Role
	}{{d.Enroll, gallery.Enrolled}, {d.Stranger, gallery.Stranger}, {d.Dismiss, gallery.Waiting}} {
		if len(decision.keys) == 0 {
			continue
		}
		if err := g.Settle(ctx, decision.as, id, decision.keys...); err != nil {
			return nil, err
		}
	}
	return s.review(ctx, &inGallery{in.Gallery})
}

func (s *Server) crop(ctx context.Context, in *cropInput) (*picture, error) {
	found, err := s.pictureOf(ctx, in.Gallery, gallery.Query{Role: gallery.Waiting, Key: in.Key})
	if err == nil && found == nil {
		return nil, refuse(http.StatusNotFound, "no picture waits with key %q", in.Key)
	}
	return found, err
}

func (s *Server) faceOf(ctx context.Context, in *faceInput) (*picture, error) {
	id, err := cleanID(in.ID)
	if err != nil {
		return nil, err
	}
	found, err := s.pictureOf(ctx, in.Gallery, gallery.Query{Role: gallery.Enrolled, ID: id})
	if err == nil && found == nil { // which is no fault: not all galleries keep them
		return &picture{Status: http.StatusNoContent}, nil
	}
	return found, err
}

// pictureOf is the first picture among entries, nil where none has one.
func (s *Server) pictureOf(ctx context.Context, name string, wanted gallery.Query) (*picture, error) {
	g, err := s.named(ctx, name)
	if err != nil {
		return nil, err
	}
	wanted.Crops = true
	found, err := g.Entries(ctx, wanted)
	if err != nil {
		return nil, err
	}
	for _, e := range found {
		if kind := http.DetectContentType(e.Crop); strings.HasPrefix(kind, "image/") { // others may come with an import
			return &picture{http.StatusOK, kind, e.Crop}, nil
		}
	}
	return nil, nil
}
