package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/siam-go/siam/server"
)

// addresses are those that decode what is sent to them: as forms, and as JSON.
var addresses = []string{
	"/v1/galleries/main/identify", "/v1/galleries/main/identify/burst", "/v1/galleries/main/verify", "/v1/galleries/main/enroll",
	"/v1/galleries/main/reject", "/v1/compare", "/v1/embed", "/v1/masks",
	"/v1/galleries/main/identify/embeddings", "/v1/galleries/main/remove", "/v1/galleries/main/calibrate", "/v1/galleries/main/review", "/v1/session",
}

// Whatever is sent, the answer is one of JSON that is no fault of the server, and the server goes on.
func FuzzRequests(f *testing.F) {
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	_ = w.SetBoundary("x") // a letter is a boundary
	image, err := os.ReadFile(a)
	if err != nil {
		f.Fatal(err)
	}
	for name, content := range map[string][]byte{"image": image, "a": image, "b": image[:100]} {
		part, err := w.CreateFormFile(name, name+".png")
		if err != nil {
			f.Fatal(err)
		}
		_, _ = part.Write(content) // into memory
	}
	_ = w.WriteField("id", "Anna")
	_ = w.WriteField("top", "3")
	_ = w.Close()
	for i := range addresses {
		f.Add(uint8(i), "multipart/form-data; boundary=x", form.Bytes())
		f.Add(uint8(i), "multipart/form-data; boundary=x", form.Bytes()[:form.Len()/2])
		for _, body := range []string{
			`{"embeddings": [[1, 2, 3e38, -0, null]], "files": ["a", "b"], "top": -1}`, `{"ids": ["a", "` + "\xff" + `", "../../etc"]}`,
			`{"fpir": 1e400, "miss": -1, "groups": {"a": "b"}, "strangers": [{"name": "", "embeddings": [[]]}], "try": true}`,
			`{"key": "siam_x"}`, `[]`, `{"embeddings": [[` + string(bytes.Repeat([]byte("0,"), 31)) + `0]]}`, `{"enroll": ["x"], "id": "", "stranger": [null], "dismiss": ["'; DROP TABLE entry"]}`, "",
		} {
			f.Add(uint8(i), "application/json", []byte(body))
		}
	}
	f.Add(uint8(8), "application/cbor", []byte("\xa1\x6aembeddings\x9f\x9f\xff\xff"))
	var log bytes.Buffer
	d := newDesk(f, server.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Rate: 1e9, Burst: 1e9, MaxBytes: 1 << 20})
	f.Fuzz(func(t *testing.T, address uint8, kind string, body []byte) {
		r := httptest.NewRequest("POST", addresses[int(address)%len(addresses)], bytes.NewReader(body))
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Authorization", "Bearer "+d.key)
		log.Reset()
		answer := httptest.NewRecorder()
		d.server.ServeHTTP(answer, r)
		var said any
		if answer.Code != http.StatusNoContent && json.Unmarshal(answer.Body.Bytes(), &said) != nil || answer.Code == http.StatusInternalServerError {
			t.Errorf("%s %s: %d %s; the log says %s", r.URL, kind, answer.Code, answer.Body, &log)
		}
	})
}

// Whatever is asked for, by whatever name, with whatever key and number: the answer is no fault of the server, and what has a key only for
// staff sees nothing of main.
func FuzzQuestions(f *testing.F) {
	for _, path := range []string{
		"/v1/galleries/main/ids", "/v1/galleries/main/map?method=tsne&most=3", "/v1/galleries/staff/face?id=Anna", "/v1/galleries/main/review/x/crop", "/v1/audit?from=1&limit=2&show=true",
		"/v1/audit?from=9223372036854775807&limit=-1", "/v1/galleries/..%2f..%2fmain/ids", "/v1/galleries/main/verdicts", "/v1/tracks/..%2fx.html", "/v1/tracks", "/v1/trainings", "/v1/session", "/metrics", "/page/../server.go",
		"/page/%2e%2e/page.go", "/%00", "//", "/v1/galleries/%ff%fe/ids", "/v1/galleries/main%2fids", "/openapi.json", "/v1/galleries/staff/map?most=1e9&method=", "/readyz?x=%zz",
	} {
		f.Add(path, "", "", "")
		f.Add(path, "Bearer x", "7", "siam_key=x")
	}
	f.Add("/v1/session", "", "-9223372036854775808", "siam_key=\"a\\;b\"; siam_key=é")
	var log bytes.Buffer
	d := newDesk(f, server.Options{Log: slog.New(slog.NewTextHandler(&log, nil)), Rate: 1e9, Burst: 1e9})
	staff := d.newKey("staff", []string{"staff"}, server.RoleAdmin)
	d.peopled("main", 3)
	f.Fuzz(func(t *testing.T, path, authorization, last, cookie string) {
		r, err := http.NewRequest("GET", "http://127.0.0.1"+path, nil)
		if err != nil {
			return // no client could send it
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // so that a listener does not wait
		r = r.WithContext(ctx)
		for name, value := range map[string]string{"Authorization": strings.ReplaceAll(authorization, "KEY", staff), "Last-Event-ID": last, "Cookie": strings.ReplaceAll(cookie, "KEY", staff)} {
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		if authorization == "" && cookie == "" {
			r.Header.Set("Authorization", "Bearer "+staff)
		}
		log.Reset()
		answer := httptest.NewRecorder()
		d.server.ServeHTTP(answer, r)
		if answer.Code == http.StatusInternalServerError || strings.Contains(answer.Body.String(), "person 00") || strings.Contains(answer.Body.String(), "package server") {
			t.Errorf("%s: %d %s; the log says %s", r.URL, answer.Code, answer.Body, &log)
		}
	})
}
