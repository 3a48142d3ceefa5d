package server_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/server"
)

type object = map[string]any

// document is what /openapi.json says.
type document struct{ object }

// schema follows references.
func (d document) schema(s object) object {
	for {
		ref, is := s["$ref"].(string)
		if !is {
			return s
		}
		var at any = d.object
		for _, name := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at, _ = at.(object)[name]
		}
		if s, is = at.(object); !is {
			return object{"missing": ref}
		}
	}
}

// checked are the keywords of schemas that [document.check] goes by, and those that say nothing about a value.
var checked = []string{"type", "properties", "required", "additionalProperties", "items", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "enum",
	"description", "format", "examples", "default", "contentEncoding", "readOnly"}

// check says where a value is not what a schema says.
func (d document) check(s object, value any, at string) error {
	s = d.schema(s)
	if some, is := s["oneOf"].([]any); is {
		fits := slices.IndexFunc(some, func(one any) bool { return d.check(one.(object), value, at) == nil })
		if fits < 0 {
			return fmt.Errorf("%s is %v, none of %v", at, value, some)
		}
		return nil
	}
	for name := range s {
		if !slices.Contains(checked, name) {
			return fmt.Errorf("%s: the schema says %q, which is not checked", at, name)
		}
	}
	kinds, _ := s["type"].([]any)
	if one, is := s["type"].(string); is {
		kinds = []any{one}
	}
	kind := map[bool]string{true: "null"}[value == nil]
	switch v := value.(type) {
	case string:
		kind = "string"
	case bool:
		kind = "boolean"
	case float64:
		if kind = "number"; v == math.Trunc(v) && slices.Contains(kinds, any("integer")) {
			kind = "integer"
		}
	case []any:
		kind = "array"
		for i, inner := range v {
			if err := d.check(s["items"].(object), inner, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case object:
		kind = "object"
		if err := d.checkObject(s, v, at); err != nil {
			return err
		}
	}
	if kinds != nil && !slices.Contains(kinds, any(kind)) {
		return fmt.Errorf("%s is %v, a %s, want %v", at, value, kind, kinds)
	}
	return nil
}

func (d document) checkObject(s, value object, at string) error {
	properties, _ := s["properties"].(object)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, there := value[name.(string)]; !there {
			return fmt.Errorf("%s has no %s", at, name)
		}
	}
	for name, inner := range value {
		of, known := properties[name].(object)
		if rest, is := s["additionalProperties"].(object); !known && is {
			of, known = rest, true
		}
		if !known && s["additionalProperties"] == false {
			return fmt.Errorf("%s has %s, which the schema does not know", at, name)
		}
		if known {
			if err := d.check(of, inner, at+"."+name); err != nil {
				return err
			}
		}
	}
	return nil
}

// answers is the schema of what an operation answers, for a status, and of which kind it is.
func (d document) answers(method, path, status string) (s object, kind string, err error) {
	for template, item := range d.object["paths"].(object) {
		pattern := regexp.MustCompile(`\\\{\w+\\\}`).ReplaceAllString(regexp.QuoteMeta(template), "[^/]+")
		op, is := item.(object)[strings.ToLower(method)].(object)
		if !is || !regexp.MustCompile("^"+pattern+"$").MatchString(strings.Split(path, "?")[0]) {
			continue
		}
		responses := op["responses"].(object)
		response, there := responses[status].(object)
		if !there {
			response, there = responses["default"].(object)
		}
		if !there {
			return nil, "", fmt.Errorf("the document has no answer %s of %s %s", status, method, path)
		}
		for kind, content := range response["content"].(object) {
			return content.(object)["schema"].(object), kind, nil
		}
	}
	return nil, "", fmt.Errorf("the document has no %s %s", method, path)
}

// What the server answers is what its OpenAPI document says, problems too.
func TestAnswersAreWhatTheDocumentSays(t *testing.T) {
	folder := tracked(t)
	d := newDesk(t, server.Options{Folder: folder, Masks: []server.Masks{masker(t, "one.safetensors")}})
	d.peopled("main", 60)
	r, text := d.ask("GET", "/openapi.json", "", nil)
	doc := document{want[object](t, r, text)}
	holds := func(method, path string, r *http.Response, body []byte) {
		t.Helper()
		s, kind, err := doc.answers(method, path, fmt.Sprint(r.StatusCode))
		if err != nil {
			t.Error(err)
			return
		}
		if got := r.Header.Get("Content-Type"); !strings.HasPrefix(got, kind) {
			t.Errorf("%s %s answers %s, the document says %s", method, path, got, kind)
		}
		if !strings.Contains(kind, "json") {
			return
		}
		var value any
		check(t, json.Unmarshal(body, &value))
		if err := doc.check(s, value, "answer"); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
	}
	main := "/v1/galleries/main"
	for _, ask := range []struct {
		path   string
		fields []string
	}{
		{main + "/enroll", []string{"id=Anna", "image=@" + a, "image=@" + a}}, {main + "/enroll", []string{"image=@" + a}},
		{main + "/identify", []string{"image=@" + same, "image=@" + other, "top=3"}}, {main + "/identify", []string{"image=@" + a, "beside=staff"}}, {"/v1/galleries/nobody/identify", []string{"image=@" + a}},
		{main + "/identify/burst", []string{"image=@" + same, "image=@" + a}}, {main + "/verify", []string{"id=Anna", "image=@" + same}}, {main + "/reject", []string{"image=@" + same}},
		{"/v1/compare", []string{"a=@" + a, "b=@" + same}}, {"/v1/compare", []string{"a=@" + a}}, {"/v1/embed", []string{"image=@" + a}}, {"/v1/masks", []string{"image=@" + a, "image=@" + same}},
	} {
		r, body := d.form(ask.path, ask.fields...)
		holds("POST", ask.path, r, body)
	}
	row := make([]float32, d.model.Spec().Dim)
	row[0] = 1
	for _, ask := range []struct {
		path string
		body any
	}{
		{main + "/identify/embeddings", api.Probes{Embeddings: [][]float32{row}}}, {main + "/calibrate", api.Promise{FPIR: 0.3, Miss: 0.3}}, {"/v1/galleries/staff/calibrate", api.Promise{}},
		{main + "/remove", api.IDs{IDs: []string{"Anna"}}}, {main + "/remove", object{}}, {main + "/review", api.Decision{Dismiss: []string{"none"}}}, {"/v1/session", api.Login{Key: d.key}}, {"/v1/session", api.Login{Key: "x"}},
	} {
		r, body := d.json("POST", ask.path, ask.body)
		holds("POST", ask.path, r, body)
	}
	for _, path := range []string{
		"/healthz", "/readyz", "/metrics", "/v1/models", "/v1/galleries", main, "/v1/galleries/nobody", main + "/ids", "/v1/galleries/staff/ids", main + "/review", "/v1/galleries/staff/review", main + "/review/none/crop",
		main + "/face?id=Anna", main + "/map", main + "/map?method=tsne", "/v1/galleries/staff/map", "/v1/audit", "/v1/audit?show=true&limit=3", "/v1/audit?from=x", "/v1/trainings", "/v1/tracks", "/v1/tracks/none.html",
		"/v1/tracks/crossing%20%3C1%3E.html", "/v1/session",
	} {
		r, body := d.ask("GET", path, "", nil)
		if r.StatusCode == http.StatusNoContent {
			continue
		}
		holds("GET", path, r, body)
		if path != "/healthz" && path != "/readyz" && path != "/v1/session" {
			r, body = d.as("").ask("GET", path, "", nil)
			holds("GET", path, r, body)
		}
	}
}
