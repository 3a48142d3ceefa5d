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

// picture is an image as an answer.
type picture struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (s *Server) reviewRoutes() {
	look := policy{roles: []Role{RoleReview}}
	handle(s, get("review", "/v1/galleries/{gallery}/review", "faces that were referred or not matched and wait for a person, those that look alike together"), look, s.review)
	handle(s, post("decide", "/v1/galleries/{gallery}/review", "enroll, keep as strangers or dismiss faces that wait; answers what waits then"), look, s.decide)
	handle(s, get("crop", "/v1/galleries/{gallery}/review/{key}/crop", "the picture of a face that waits"), look, s.crop)
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
	g, err := s.named(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	found, err := g.Entries(ctx, gallery.Query{Role: gallery.Waiting, Key: in.Key, Crops: true})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || len(found[0].Crop) == 0 {
		return nil, refuse(http.StatusNotFound, "no picture waits with key %q", in.Key)
	}
	kind := http.DetectContentType(found[0].Crop)
	if !strings.HasPrefix(kind, "image/") { // it came with an import
		return nil, refuse(http.StatusNotFound, "what waits with key %q has no picture", in.Key)
	}
	return &picture{kind, found[0].Crop}, nil
}
