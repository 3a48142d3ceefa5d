package server_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/siam-go/siam"
	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/server"
)

const (
	a     = "../testdata/a.png"
	same  = "../testdata/same-as-a.png"
	other = "../testdata/other.png"
)

// desk is a server with the galleries main and staff, and keys.
type desk struct {
	t     testing.TB
	url   string
	store gallery.Store
	keys  *server.Keys
	model *siam.Model
	key   string // who asks

	server *server.Server
}

func newDesk(t testing.TB, o server.Options) *desk {
	t.Helper()
	model, err := siam.Open("../testdata/strokes.safetensors")
	check(t, err)
	t.Cleanup(model.Close)
	d := &desk{t: t, store: gallery.Memory(), model: model}
	for _, name := range []string{"main", "staff"} {
		s := model.ForGallery().Settings(name, gallery.Watch)
		s.ReviewDays = 7
		_, err := gallery.Create(t.Context(), d.store, model.ForGallery(), s)
		check(t, err)
	}
	d.keys, err = server.OpenKeys(filepath.Join(t.TempDir(), "keys.json"))
	check(t, err)
	if o.Store == nil {
		o.Store = d.store
	}
	o.Models, o.Keys = append(o.Models, server.Model{Model: model, Name: "strokes.safetensors"}), d.keys
	o.Timeout = cmp.Or(o.Timeout, 10*time.Minute) // a busy machine is no fault
	s, err := server.New(o)
	check(t, err)
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	d.server = s
	d.url, d.key = at.URL, d.newKey("boss", nil, server.RoleAdmin)
	return d
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (d *desk) newKey(name string, galleries []string, roles ...server.Role) string {
	d.t.Helper()
	_, secret, err := d.keys.Add(name, roles, galleries)
	check(d.t, err)
	return secret
}

// as is the desk as another key asks it.
func (d *desk) as(key string) *desk {
	other := *d
	other.key = key
	return &other
}

// ask sends a request and returns status and body.
func (d *desk) ask(method, path, kind string, body io.Reader) (*http.Response, []byte) {
	d.t.Helper()
	r, err := http.NewRequest(method, d.url+path, body)
	check(d.t, err)
	if d.key != "" {
		r.Header.Set("Authorization", "Bearer "+d.key)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	response, err := http.DefaultClient.Do(r)
	check(d.t, err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	check(d.t, err)
	return response, answer
}

// form sends a form: name=value, or name=@file.
func (d *desk) form(path string, fields ...string) (*http.Response, []byte) {
	d.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for _, field := range fields {
		name, value, _ := strings.Cut(field, "=")
		file, isFile := strings.CutPrefix(value, "@")
		if !isFile {
			check(d.t, w.WriteField(name, value))
			continue
		}
		content, err := os.ReadFile(file)
		check(d.t, err)
		part, err := w.CreateFormFile(name, filepath.Base(file))
		check(d.t, err)
		_, err = part.Write(content)
		check(d.t, err)
	}
	check(d.t, w.Close())
	return d.ask("POST", path, w.FormDataContentType(), &body)
}

func (d *desk) json(method, path string, in any) (*http.Response, []byte) {
	d.t.Helper()
	body, err := json.Marshal(in)
	check(d.t, err)
	return d.ask(method, path, "application/json", bytes.NewReader(body))
}

// want decodes an answer that must be fine.
func want[T any](t *testing.T, response *http.Response, body []byte) T {
	t.Helper()
	var out T
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s %s, want 200", response.Request.URL.Path, response.Status, body)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&out); err != nil {
		t.Fatalf("%s: %s: %v", response.Request.URL.Path, body, err)
	}
	return out
}

// wantProblem checks that an answer is one clear problem.
func wantProblem(t *testing.T, response *http.Response, body []byte, status int, words string) {
	t.Helper()
	var p api.Problem
	err := json.Unmarshal(body, &p)
	if err != nil || response.StatusCode != status || p.Status != status || !strings.Contains(string(body), words) || p.Detail == "" {
		t.Errorf("%s: %s %s, want a problem %d that says %q", response.Request.URL.Path, response.Status, body, status, words)
	}
	if kind := response.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("%s: the problem is %q, want application/problem+json", response.Request.URL.Path, kind)
	}
	if (status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests) && response.Header.Get("Retry-After") == "" {
		t.Errorf("%s: %s without Retry-After", response.Request.URL.Path, response.Status)
	}
}

func TestCompareAnswersAsTheModelDoes(t *testing.T) {
	d := newDesk(t, server.Options{})
	for file, same := range map[string]bool{same: true, other: false} {
		r, body := d.form("/v1/compare", "a=@"+a, "b=@"+file)
		v := want[api.Verdict](t, r, body)
		if v.Same != same || v.Threshold != d.model.File().Calibration.Threshold {
			t.Errorf("compare a.png %s = %+v, want same %v", file, v, same)
		}
	}
}

func TestAnEnrolledDrawingIsFoundInAllWays(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/enroll", "id=Anna ../<b>'; DROP TABLE", "image=@"+a)
	if e := want[api.Enrolled](t, r, body); e.Enrolled != 1 || e.Images[0].ID != "Anna ../<b>'; DROP TABLE" {
		t.Fatalf("enroll = %+v", e)
	}
	r, body = d.form("/v1/galleries/main/identify", "image=@"+same, "image=@"+other, "top=1")
	found := want[api.Identified](t, r, body)
	if len(found.Results) != 2 || found.Results[0].Outcome != gallery.Refer || found.Results[0].ID != "Anna ../<b>'; DROP TABLE" || found.Results[1].Outcome != gallery.NoMatch {
		t.Errorf("identify = %+v, want refer to Anna, as the gallery is not calibrated, and no match", found)
	}
	r, body = d.form("/v1/galleries/main/identify/burst", "image=@"+same, "image=@"+a)
	if b := want[api.Bursts](t, r, body); len(b.Results) != 1 || b.Results[0].Outcome != gallery.Refer || len(b.Results[0].Frames) != 2 {
		t.Errorf("burst = %+v, want one refer of two frames", b)
	}
	r, body = d.form("/v1/embed", "image=@"+same)
	e := want[api.Embedded](t, r, body)
	r, body = d.json("POST", "/v1/galleries/main/identify/embeddings", api.Probes{Model: e.Model, Embeddings: e.Embeddings, Files: e.Files})
	byEmbedding := want[api.Identified](t, r, body)
	if *byEmbedding.Results[0].Distance != *found.Results[0].Distance || byEmbedding.Results[0].File != "same-as-a.png" {
		t.Errorf("identify by embedding = %+v, want that of the image, %+v", byEmbedding.Results[0], found.Results[0])
	}
	r, body = d.form("/v1/galleries/main/verify", "id=Anna ../<b>'; DROP TABLE", "image=@"+same)
	if v := want[gallery.Result](t, r, body); v.Outcome != gallery.Match {
		t.Errorf("verify = %+v, want match", v)
	}
	r, body = d.form("/v1/galleries/main/identify", "image=@"+same, "beside=staff")
	if f := want[api.Identified](t, r, body); len(f.Results) != 2 || f.Results[1].Gallery != "staff" {
		t.Errorf("identify in two galleries = %+v", f)
	}
	r, body = d.ask("GET", "/v1/galleries/main/ids", "", nil)
	if l := want[api.Listed](t, r, body); len(l.IDs) != 1 {
		t.Errorf("ids = %+v, want one", l)
	}
	r, body = d.json("POST", "/v1/galleries/main/remove", api.IDs{IDs: []string{"Anna ../<b>'; DROP TABLE"}})
	want[api.Removed](t, r, body)
	r, body = d.form("/v1/galleries/main/identify", "image=@"+same)
	if f := want[api.Identified](t, r, body); f.Results[0].Outcome != gallery.NoMatch {
		t.Errorf("identify after remove = %+v, want no match", f)
	}
}

func TestReviewEnrollsAndDismisses(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/identify", "image=@"+a, "image=@"+other)
	want[api.Identified](t, r, body)
	r, body = d.ask("GET", "/v1/galleries/main/review", "", nil)
	queue := want[api.Reviewed](t, r, body)
	if len(queue.Groups) != 2 {
		t.Fatalf("review = %+v, want two groups", queue)
	}
	first, second := queue.Groups[0].Faces[0].Key, queue.Groups[1].Faces[0].Key
	r, body = d.ask("GET", "/v1/galleries/main/review/"+first+"/crop", "", nil)
	if r.StatusCode != 200 || r.Header.Get("Content-Type") != "image/png" || len(body) == 0 {
		t.Errorf("crop: %s %s, %d bytes", r.Status, r.Header.Get("Content-Type"), len(body))
	}
	r, body = d.json("POST", "/v1/galleries/main/review", api.Decision{Enroll: []string{first}, ID: "Anna", Dismiss: []string{second}})
	if queue := want[api.Reviewed](t, r, body); len(queue.Groups) != 0 {
		t.Errorf("review after decisions = %+v, want nothing", queue)
	}
	r, body = d.ask("GET", "/v1/audit?show=true", "", nil)
	log := want[api.AuditedPart](t, r, body)
	if last := log.Log[len(log.Log)-1]; !log.Holds || last.Action != "dismiss" || last.Who != "boss" {
		t.Errorf("audit = %+v, want a last line of boss, dismiss", log)
	}
	r, body = d.json("POST", "/v1/galleries/main/review", api.Decision{Dismiss: []string{second}})
	wantProblem(t, r, body, http.StatusNotFound, "not found")
}

func TestRejectedStrangersCompete(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/enroll", "id=Anna", "image=@"+a)
	want[api.Enrolled](t, r, body)
	r, body = d.form("/v1/galleries/main/reject", "id=Anna", "image=@"+same)
	if j := want[api.Rejected](t, r, body); j.Rejected != 1 {
		t.Errorf("reject = %+v", j)
	}
	r, body = d.form("/v1/galleries/main/identify", "image=@"+same)
	if f := want[api.Identified](t, r, body); f.Results[0].Outcome == gallery.Match || !f.Results[0].Candidates[0].Stranger {
		t.Errorf("identify a rejected drawing = %+v, want the stranger nearest", f.Results[0])
	}
	r, body = d.form("/v1/galleries/main/reject", "id=Anna", "face=1", "image=@"+same)
	want[api.Rejected](t, r, body)
	r, body = d.form("/v1/galleries/main/reject", "id=Anna", "face=2", "image=@"+same)
	wantProblem(t, r, body, http.StatusUnprocessableEntity, "same-as-a.png has no face 2: 1 were found")
	r, body = d.form("/v1/galleries/main/reject", "id=Anna", "face=1", "image=@"+same, "image=@"+a)
	wantProblem(t, r, body, http.StatusUnprocessableEntity, "send the one image")
	r, body = d.json("POST", "/v1/galleries/main/calibrate", api.Promise{})
	wantProblem(t, r, body, http.StatusUnprocessableEntity, "too few people")
}
