package server

import (
	"net/http"
	"path"
	"reflect"
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
