package server_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/gallery/gallerytest"
	"github.com/siam-go/siam/server"
)

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(file, content, 0o600))
	return file
}

// bomb is a PNG of side×side pixels in a few bytes.
func bomb(side uint32) []byte {
	var out bytes.Buffer
	out.WriteString("\x89PNG\r\n\x1a\n")
	chunk := func(name string, data []byte) {
		_ = binary.Write(&out, binary.BigEndian, uint32(len(data)))
		body := append([]byte(name), data...)
		out.Write(body)
		_ = binary.Write(&out, binary.BigEndian, crc32.ChecksumIEEE(body))
	}
	header := binary.BigEndian.AppendUint32(nil, side)
	header = binary.BigEndian.AppendUint32(header, side)
	chunk("IHDR", append(header, 8, 0, 0, 0, 0))
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(make([]byte, 1<<20))
	_ = z.Close()
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return out.Bytes()
}

func TestAnIDNamedTwiceIsRemovedOnce(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/enroll", "id=Anna", "image=@"+a)
	want[api.Enrolled](t, r, body)
	r, body = d.json("POST", "/v1/galleries/main/remove", map[string]any{"ids": []string{"Anna", "Anna"}})
	if j := want[api.Removed](t, r, body); !slices.Equal(j.IDs, []string{"Anna", "Anna"}) {
		t.Errorf("remove = %q", j.IDs)
	}
}

func TestBadRequestsGetOneClearProblem(t *testing.T) {
	d := newDesk(t, server.Options{MaxBytes: 1 << 20, MaxImages: 3})
	text, empty := write(t, "x.png", []byte("no image at all")), write(t, "empty.png", nil)
	huge := write(t, "huge.bin", make([]byte, 2<<20))
	bombed := write(t, "bomb.png", bomb(60000))
	for _, test := range []struct {
		name   string
		path   string
		fields []string
		status int
		words  string
	}{
		{"not an image", "/v1/galleries/main/identify", []string{"image=@" + text}, 422, "x.png"},
		{"an empty file", "/v1/galleries/main/identify", []string{"image=@" + empty}, 422, "empty.png: the file is empty"},
		{"a bomb", "/v1/galleries/main/identify", []string{"image=@" + bombed}, 422, "bomb.png"},
		{"too many bytes", "/v1/galleries/main/identify", []string{"image=@" + huge}, 413, "larger than 1048576 bytes"},
		{"too many images", "/v1/galleries/main/identify", slices.Repeat([]string{"image=@" + a}, 4), 413, "4 images"},
		{"no image", "/v1/galleries/main/identify", []string{"top=3"}, 422, "image"},
		{"a bad number", "/v1/galleries/main/identify", []string{"image=@" + a, "top=many"}, 422, "top"},
		{"no such gallery", "/v1/galleries/nobody/identify", []string{"image=@" + a}, 404, "there is no gallery"},
		{"the same gallery twice", "/v1/galleries/main/identify", []string{"image=@" + a, "beside=main"}, 422, "asked twice"},
		{"no such second gallery", "/v1/galleries/main/identify", []string{"image=@" + a, "beside=nobody"}, 404, "there is no gallery"},
		{"path traversal", "/v1/galleries/..%2F..%2Fetc/identify", []string{"image=@" + a}, 404, "there is no gallery"},
		{"two images to verify", "/v1/galleries/main/verify", []string{"id=Anna", "image=@" + a, "image=@" + a}, 422, "image"},
		{"nobody of that id", "/v1/galleries/main/verify", []string{"id=Anna", "image=@" + a}, 404, "not found"},
		{"no id", "/v1/galleries/main/enroll", []string{"image=@" + a}, 422, "id"},
		{"a bad id", "/v1/galleries/main/enroll", []string{"id=a\x00b", "image=@" + a}, 422, "id"},
		{"an id that turns text", "/v1/galleries/main/enroll", []string{"id=a\u202eb", "image=@" + a}, 422, "id"},
		{"no second image", "/v1/compare", []string{"a=@" + a}, 422, "b"},
		{"no such model", "/v1/compare", []string{"a=@" + a, "b=@" + a, "model=other"}, 404, "no model"},
		{"faces without a detector", "/v1/compare", []string{"a=@" + a, "b=@" + a, "faces=true"}, 409, "detector"},
		{"no such address", "/v1/nothing", nil, 404, "/openapi.json"},
		{"a field that is misspelt", "/v1/galleries/main/identify", []string{"image=@" + a, "topp=3"}, 422, "a field \\\"topp\\\": want beside, image, top"},
		{"a file under another name", "/v1/galleries/main/enroll", []string{"id=Anna", "image=@" + a, "picture=@" + a}, 422, "a field \\\"picture\\\""},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, body := d.form(test.path, test.fields...)
			wantProblem(t, r, body, test.status, test.words)
		})
	}
	r, body := d.ask("POST", "/v1/galleries/main/identify", "image/png", strings.NewReader("x"))
	wantProblem(t, r, body, 415, "multipart/form-data")
	r, body = d.ask("POST", "/v1/galleries/main/identify", "multipart/form-data; boundary=x", strings.NewReader("--x\r\nbroken"))
	wantProblem(t, r, body, 400, "cannot be read")
	r, body = d.ask("POST", "/v1/galleries/main/identify/embeddings", "application/json", strings.NewReader(`{"embeddings": [[1, 2], "x"]}`))
	wantProblem(t, r, body, 422, "embeddings")
	r, body = d.ask("POST", "/v1/galleries/main/identify/embeddings", "application/json", strings.NewReader(`{"embeddings": [[1, 2]]}`))
	wantProblem(t, r, body, 422, "not an embedding of this gallery")
	r, body = d.ask("POST", "/v1/galleries/main/identify/embeddings", "application/json", strings.NewReader(`{"embeddings": [[1e39]]}`))
	wantProblem(t, r, body, 422, "")
	r, body = d.json("POST", "/v1/galleries/main/identify/embeddings", api.Probes{Model: "feed", Embeddings: [][]float32{{1}}})
	wantProblem(t, r, body, 409, "different models")
	r, body = d.ask("POST", "/v1/galleries/main/remove", "application/json", strings.NewReader(`{`))
	wantProblem(t, r, body, 400, "")
	r, body = d.json("POST", "/v1/galleries/main/remove", api.IDs{IDs: []string{"Anna"}})
	wantProblem(t, r, body, 404, "not found")
	for _, id := range []string{"", "a\x00b", strings.Repeat("x", 600)} {
		r, body = d.json("POST", "/v1/galleries/main/remove", api.IDs{IDs: []string{id}})
		wantProblem(t, r, body, 422, "id")
		r, body = d.json("POST", "/v1/galleries/main/review", api.Decision{Enroll: []string{"x"}, ID: id + "\n"})
		wantProblem(t, r, body, 422, "id")
	}
	r, body = d.ask("GET", "/v1/audit?from=x", "", nil)
	wantProblem(t, r, body, 422, "from")
	for address, allowed := range map[string]string{"/v1/galleries/main/identify": "POST", "/v1/galleries": "GET, HEAD", "/v1/session": "GET, HEAD, POST, DELETE"} {
		r, body = d.ask("PUT", address, "", nil)
		wantProblem(t, r, body, 405, "PUT is not for this address")
		if got := r.Header.Get("Allow"); got != allowed {
			t.Errorf("PUT %s allows %q, want %q", address, got, allowed)
		}
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestAnEndlessBodyIsCutOff(t *testing.T) {
	d := newDesk(t, server.Options{MaxBytes: 1 << 20})
	begin := "--x\r\nContent-Disposition: form-data; name=\"image\"; filename=\"x.png\"\r\n\r\n"
	r, body := d.ask("POST", "/v1/galleries/main/identify", "multipart/form-data; boundary=x", io.MultiReader(strings.NewReader(begin), io.LimitReader(endless{}, 5<<20)))
	wantProblem(t, r, body, 413, "larger than")
}

func TestKeysAllowWhatTheyAreFor(t *testing.T) {
	d := newDesk(t, server.Options{})
	gate := d.as(d.newKey("gate", []string{"main"}, server.RoleIdentify))
	r, body := gate.form("/v1/galleries/main/identify", "image=@"+a)
	want[api.Identified](t, r, body)
	for _, path := range []string{"/v1/galleries/staff/identify", "/v1/galleries/nobody/identify"} {
		r, body = gate.form(path, "image=@"+a)
		wantProblem(t, r, body, 403, "is not for gallery")
	}
	r, body = gate.form("/v1/galleries/main/identify", "image=@"+a, "beside=staff")
	wantProblem(t, r, body, 403, "is not for gallery")
	r, body = gate.form("/v1/galleries/main/enroll", "id=x", "image=@"+a)
	wantProblem(t, r, body, 403, "has not the role")
	for _, path := range []string{"/v1/audit", "/v1/galleries/main/review", "/v1/galleries/main/ids"} {
		r, body = gate.ask("GET", path, "", nil)
		wantProblem(t, r, body, 403, "has not the role")
	}
	r, body = gate.ask("GET", "/v1/galleries", "", nil)
	if g := want[api.Galleries](t, r, body); len(g.Galleries) != 1 || g.Galleries[0].Name != "main" {
		t.Errorf("galleries of a key for main = %+v", g)
	}
	scoped := d.as(d.newKey("auditor", []string{"staff"}, server.RoleAdmin))
	r, body = scoped.ask("GET", "/v1/audit?show=true", "", nil)
	for _, line := range want[api.AuditedPart](t, r, body).Log {
		if line.Gallery != "staff" {
			t.Errorf("a key for staff sees line %+v", line)
		}
	}
	_, err := d.keys.Revoke("gate")
	check(t, err)
	r, body = gate.form("/v1/galleries/main/identify", "image=@"+a)
	wantProblem(t, r, body, 401, "revoked")
	for _, key := range []string{"", "siam_wrong", "x y"} {
		for _, path := range []string{"/v1/galleries", "/metrics", "/v1/models"} {
			r, body = d.as(key).ask("GET", path, "", nil)
			wantProblem(t, r, body, 401, "key")
		}
	}
	text, err := os.ReadFile(filepath.Join(filepath.Dir(write(t, "x", nil)), "x"))
	check(t, err)
	if strings.Contains(string(text), gate.key) {
		t.Error("the file of keys holds a secret")
	}
}

func TestMoreThanTheRateIsRefused(t *testing.T) {
	d := newDesk(t, server.Options{Rate: 0.001, Burst: 2})
	for range 2 {
		r, body := d.ask("GET", "/v1/models", "", nil)
		want[api.Models](t, r, body)
	}
	r, body := d.ask("GET", "/v1/models", "", nil)
	wantProblem(t, r, body, 429, "wait")
}

func TestAFullQueueIsRefusedAndRecovers(t *testing.T) {
	d := newDesk(t, server.Options{Queue: 1, MaxImages: 500, Rate: 1e6, Burst: 1e6})
	refused, fine := 0, 0
	for begin := time.Now(); refused == 0 && time.Since(begin) < 5*time.Minute; {
		results := make(chan string, 8)
		for range 8 {
			go func() {
				r, body := d.form("/v1/embed", slices.Repeat([]string{"image=@" + a}, 100)...)
				if r.StatusCode == http.StatusServiceUnavailable {
					wantProblem(t, r, body, 503, "queue is full")
				}
				results <- r.Status
			}()
		}
		for range 8 {
			switch status := <-results; status {
			case "200 OK":
				fine++
			case "503 Service Unavailable":
				refused++
			default:
				t.Fatalf("embed beside others: %s", status)
			}
		}
	}
	if refused == 0 || fine == 0 {
		t.Errorf("of many at once %d were refused and %d answered, want some of both", refused, fine)
	}
	r, body := d.form("/v1/embed", "image=@"+a)
	want[api.Embedded](t, r, body)
}

func TestAnswersCarryTheirGuards(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, _ := d.ask("GET", "/healthz", "", nil)
	for name, words := range map[string]string{
		"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
	} {
		if !strings.Contains(r.Header.Get(name), words) {
			t.Errorf("header %s is %q, want %q", name, r.Header.Get(name), words)
		}
	}
	q, err := http.NewRequest("POST", d.url+"/v1/galleries/main/remove", strings.NewReader(`{"ids":["x"]}`))
	check(t, err)
	q.Header.Set("Origin", "https://elsewhere.example")
	q.Header.Set("Sec-Fetch-Site", "cross-site")
	q.AddCookie(&http.Cookie{Name: "siam_key", Value: d.key})
	response, err := http.DefaultClient.Do(q)
	check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(t, err)
	wantProblem(t, response, body, 403, "another site")
}

func TestHealthReadinessMetricsAndDocument(t *testing.T) {
	d := newDesk(t, server.Options{Version: "7"})
	r, body := d.form("/v1/galleries/main/identify", "image=@"+a)
	want[api.Identified](t, r, body)
	nobody := d.as("")
	for _, path := range []string{"/healthz", "/readyz"} {
		r, body := nobody.ask("GET", path, "", nil)
		if h := want[api.Health](t, r, body); h.Status != "ok" {
			t.Errorf("%s = %+v", path, h)
		}
	}
	r, body = d.ask("GET", "/metrics", "", nil)
	for _, line := range []string{
		`siam_verdicts_total{verdict="no_match"} 1`, `siam_request_seconds_count{request="POST /v1/galleries/{gallery}/identify",status="200"} 1`, "siam_queue_requests 0", "go_goroutines",
	} {
		if !strings.Contains(string(body), line) {
			t.Errorf("metrics lack %s: %s", line, r.Status)
		}
	}
	r, body = nobody.ask("GET", "/openapi.json", "", nil)
	document := want[map[string]any](t, r, body)
	if document["openapi"] != "3.1.0" || document["info"].(map[string]any)["version"] != "7" {
		t.Errorf("the document is of OpenAPI %v, %v", document["openapi"], document["info"])
	}
	paths := document["paths"].(map[string]any)
	for _, path := range []string{"/v1/compare", "/v1/embed", "/v1/galleries/{gallery}/identify", "/v1/galleries/{gallery}/review", "/v1/audit"} {
		if paths[path] == nil {
			t.Errorf("the document lacks %s", path)
		}
	}
	if len(paths) < 15 {
		t.Error(fmt.Sprint("the document has paths ", paths))
	}
}

// away is a store whose server can be switched off; it then keeps those who ask waiting.
type away struct {
	gallery.Store
	off atomic.Bool
}

func (a *away) Galleries(ctx context.Context) ([]gallery.Settings, error) {
	if a.off.Load() {
		<-ctx.Done()
		return nil, fmt.Errorf("the database: %w: %w", gallery.ErrUnreachable, ctx.Err())
	}
	return a.Store.Galleries(ctx)
}

func TestAStoreThatIsAwayIs503UntilItIsBack(t *testing.T) {
	store := &away{Store: gallery.Memory()}
	d := newDesk(t, server.Options{Store: store, Timeout: 300 * time.Millisecond})
	s := d.model.ForGallery().Settings("main", gallery.Watch)
	_, err := gallery.Create(t.Context(), store, d.model.ForGallery(), s)
	check(t, err)
	store.off.Store(true)
	r, body := d.form("/v1/galleries/main/identify", "image=@"+a)
	wantProblem(t, r, body, 503, "the store cannot be reached")
	r, body = d.ask("GET", "/readyz", "", nil)
	wantProblem(t, r, body, 503, "store")
	r, body = d.ask("GET", "/healthz", "", nil)
	want[api.Health](t, r, body)
	store.off.Store(false)
	check(t, gallerytest.Within(5*time.Minute, func() bool { // its 300 ms may pass on a machine that is busy
		r, body = d.form("/v1/galleries/main/identify", "image=@"+a)
		return r.StatusCode != http.StatusServiceUnavailable
	}))
	want[api.Identified](t, r, body)
}
