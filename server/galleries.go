package server

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

type calibrateInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	Body    api.Promise
}

func (s *Server) galleryRoutes() {
	handle(s, get("galleries", "/v1/galleries", "the galleries in the key's scope"), policy{}, s.listGalleries)
	handle(s, get("gallery", "/v1/galleries/{gallery}", "a gallery's settings and calibration"), policy{}, s.settings)
	handle(s, get("ids", "/v1/galleries/{gallery}/ids", "who is enrolled"), policy{roles: []Role{RoleEnroll, RoleReview}}, s.listIDs)
	handle(s, post("calibrate", "/v1/galleries/{gallery}/calibrate", "learn the thresholds from who is enrolled and who was rejected"), policy{roles: []Role{RoleAdmin}, work: true}, s.calibrate)
	handle(s, get("map", "/v1/galleries/{gallery}/map", "where the embeddings of a gallery lie, on a plane"), policy{roles: []Role{RoleEnroll, RoleReview}, work: true}, s.drawMap)
	handle(s, get("audit", "/v1/audit", "is the audit log as it was written? some lines of it, from one on"), policy{roles: []Role{RoleAdmin}}, s.audit)
}

// named is a gallery for what needs no model.
func (s *Server) named(ctx context.Context, name string) (*gallery.Gallery, error) {
	g, err := gallery.OpenNamed(ctx, s.Store, name, gallery.As(askerOf(ctx)))
	if errors.Is(err, gallery.ErrNotFound) {
		return nil, refuse(http.StatusNotFound, "there is no gallery %q", name)
	}
	return g, err
}

func (s *Server) listGalleries(ctx context.Context, _ *struct{}) (*answer[api.Galleries], error) {
	all, err := s.Store.Galleries(ctx)
	if err != nil {
		return nil, err
	}
	seen := slices.DeleteFunc(slices.Clone(all), func(g gallery.Settings) bool { return !keyOf(ctx).Sees(g.Name) })
	for i := range seen {
		seen[i].ModelFile = "" // where files lie is nobody's business
	}
	return &answer[api.Galleries]{api.Galleries{Galleries: append([]gallery.Settings{}, seen...)}}, nil
}

func (s *Server) settings(ctx context.Context, in *inGallery) (*answer[gallery.Settings], error) {
	g, err := s.named(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	settings, err := g.Settings(ctx)
	settings.ModelFile = ""
	return &answer[gallery.Settings]{settings}, err
}

func (s *Server) listIDs(ctx context.Context, in *inGallery) (*answer[api.Listed], error) {
	g, err := s.named(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	ids, err := g.List(ctx)
	return &answer[api.Listed]{api.Listed{Gallery: in.Gallery, IDs: append([]gallery.Identity{}, ids...)}}, err
}

func (s *Server) calibrate(ctx context.Context, in *calibrateInput) (*answer[*gallery.Study], error) {
	g, err := s.open(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	promise := in.Body
	o := gallery.CalibrateOptions{FPIR: cmp.Or(promise.FPIR, 0.01), Miss: cmp.Or(promise.Miss, 0.02), Groups: promise.Groups}
	for _, p := range promise.Strangers {
		o.Strangers = append(o.Strangers, gallery.Person{Name: p.Name, Embeddings: p.Embeddings})
	}
	study, err := g.Calibrate(ctx, o)
	if err == nil && !promise.Try {
		err = g.SetCalibration(ctx, &study.Calibration)
	}
	if err != nil {
		return nil, err
	}
	return &answer[*gallery.Study]{study}, nil
}
