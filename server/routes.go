package server

import (
	"net/http"
	"path"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// routes are all operations.
func (s *Server) routes() {
	s.modelRoutes()
	s.identifyRoutes()
	s.enrollRoutes()
	s.galleryRoutes()
	s.reviewRoutes()
	s.trainingRoutes()
	s.maskRoutes()
	s.aboutRoutes()
	study := s.api.OpenAPI().Components.Schemas.Map()["GalleryStudy"].Properties
	study["identification"] = &huma.Schema{OneOf: []*huma.Schema{study["identification"], {Type: "null"}}} // which huma cannot be told by a tag
}

// operation describes one operation.
func operation(id, method, address, summary string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: address, Summary: summary}
}

func get(id, address, summary string) huma.Operation {
	return operation(id, http.MethodGet, address, summary)
}

func post(id, address, summary string) huma.Operation {
	return operation(id, http.MethodPost, address, summary)
}

// plain adds an operation that answers no JSON, and is the mux's alone, with how the document describes it.
func (s *Server) plain(mux *http.ServeMux, op huma.Operation, kind string, answer http.HandlerFunc) {
	mux.HandleFunc(op.Method+" "+op.Path, answer)
	op.Security = []map[string][]string{{"key": {}}}
	text := &huma.Schema{Type: huma.TypeString}
	for _, name := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(op.Path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: text})
	}
	op.Responses = map[string]*huma.Response{
		"200":     {Description: op.Summary, Content: map[string]*huma.MediaType{kind: {Schema: text}}},
		"default": s.problem(),
	}
	s.api.OpenAPI().AddOperation(&op)
}

// problem describes what is answered in place of what was asked for.
func (s *Server) problem() *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[huma.ErrorModel](), true, "")
	return &huma.Response{Description: "a problem", Content: map[string]*huma.MediaType{"application/problem+json": {Schema: schema}}}
}

// answer is what an operation answers.
type answer[T any] struct{ Body T }

// inGallery is the input of operations on a gallery that need no more.
type inGallery struct {
	Gallery string `path:"gallery" maxLength:"512"`
}

// schemaName names a type in the OpenAPI document: types of package gallery after it, as others have the same names.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name := huma.DefaultSchemaNamer(t, hint)
	if of := path.Base(t.PkgPath()); t.Name() != "" && of != "api" && of != "server" && of != "v2" {
		return strings.ToUpper(of[:1]) + of[1:] + name
	}
	return name
}
