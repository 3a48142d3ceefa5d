package server

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
)

type enrollInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	RawBody huma.MultipartFormFiles[struct {
		ID     string          `form:"id" required:"true" doc:"whom the images show"`
		Images []huma.FormFile `form:"image" required:"true"`
	}]
}

type rejectInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	RawBody huma.MultipartFormFiles[struct {
		ID     string          `form:"id" required:"false" doc:"whom it was taken for"`
		Face   int             `form:"face" required:"false" minimum:"1" doc:"which face of the one image, as identify numbers them; the main one when not given"`
		Images []huma.FormFile `form:"image" required:"true"`
	}]
}

type removeInput struct {
	Gallery string `path:"gallery" maxLength:"512"`
	Body    api.IDs
}

func (s *Server) enrollRoutes() {
	handle(s, post("enroll", "/v1/galleries/{gallery}/enroll", "add images of one id, all or none"), policy{roles: []Role{RoleEnroll}, work: true, form: true}, s.enroll)
	handle(s, post("reject", "/v1/galleries/{gallery}/reject", "this is not him: keep a face as a stranger, who competes with ids"), policy{roles: []Role{RoleEnroll, RoleReview}, work: true, form: true}, s.reject)
	handle(s, post("remove", "/v1/galleries/{gallery}/remove", "erase ids, all or none: images, embeddings, and what is known about them"), policy{roles: []Role{RoleEnroll}}, s.remove)
}

func (s *Server) enroll(ctx context.Context, in *enrollInput) (*answer[api.Enrolled], error) {
	form := in.RawBody.Data()
	id, err := cleanID(form.ID)
	if err != nil {
		return nil, err
	}
	g, images, notes, err := s.facesOf(ctx, in.Gallery, id, 0, form.Images)
	if err != nil {
		return nil, err
	}
	done, err := g.Enroll(ctx, images...)
	if err != nil {
		return nil, err
	}
	out := api.Enrolled{Gallery: in.Gallery, IDs: 1, Images: done, Skipped: []api.Skipped{}}
	for i, image := range done {
		if notes[i] != "" {
			done[i].Warnings = append([]string{notes[i]}, image.Warnings...)
		}
		if !image.Already {
			out.Enrolled++
		}
	}
	return &answer[api.Enrolled]{out}, nil
}

// facesOf are the faces that images of a request are of, with notes about others on them: those of a number, the main ones for 0.
func (s *Server) facesOf(ctx context.Context, name, id string, number int, files []huma.FormFile) (*sight, []gallery.Enrolment, []string, error) {
	g, err := s.open(ctx, name)
	if err != nil {
		return nil, nil, nil, err
	}
	photos, err := s.photographs(ctx, g, files, !g.settings.DropCrops)
	if err != nil {
		return nil, nil, nil, err
	}
	images, notes := make([]gallery.Enrolment, len(photos)), make([]string, len(photos))
	for i, photo := range photos {
		face, note, err := numberedFace(photo, number)
		if err != nil {
			return nil, nil, nil, err
		}
		images[i], notes[i] = gallery.Enrolment{ID: id, Name: photo.Name, Hash: photo.Hash, Face: face}, note
	}
	return g, images, notes, nil
}

// numberedFace is a face of a photograph by its number, the main one for 0.
func numberedFace(photo gallery.Photograph, number int) (gallery.Face, string, error) {
	switch {
	case number == 0:
		return mainFace(photo)
	case number > len(photo.Faces):
		return gallery.Face{}, "", refuse(http.StatusUnprocessableEntity, "%s has no face %d: %d were found", photo.Name, number, len(photo.Faces))
	}
	return photo.Faces[number-1], "", nil
}

func (s *Server) reject(ctx context.Context, in *rejectInput) (*answer[api.Rejected], error) {
	form := in.RawBody.Data()
	notID := form.ID
	if notID != "" {
		var err error
		if notID, err = cleanID(notID); err != nil {
			return nil, err
		}
	}
	if form.Face > 0 && len(form.Images) > 1 {
		return nil, refuse(http.StatusUnprocessableEntity, "face %d of %d images: send the one image that it is in", form.Face, len(form.Images))
	}
	g, images, _, err := s.facesOf(ctx, in.Gallery, "", form.Face, form.Images)
	if err != nil {
		return nil, err
	}
	if err := g.Reject(ctx, notID, images...); err != nil {
		return nil, err
	}
	return &answer[api.Rejected]{api.Rejected{Gallery: in.Gallery, Rejected: len(images)}}, nil
}

func (s *Server) remove(ctx context.Context, in *removeInput) (*answer[api.Removed], error) {
	g, err := s.named(ctx, in.Gallery)
	if err != nil {
		return nil, err
	}
	if err := g.Remove(ctx, in.Body.IDs...); err != nil {
		return nil, err
	}
	return &answer[api.Removed]{api.Removed{Gallery: in.Gallery, IDs: in.Body.IDs}}, nil
}
