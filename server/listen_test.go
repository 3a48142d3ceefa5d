package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/server"
)

// hears reads events until there are n, and returns the verdicts and the last event's id.
func (d *desk) hears(n int, last string, ready func()) (all []api.Judged, id string) {
	d.t.Helper()
	r, err := http.NewRequest("GET", d.url+"/v1/galleries/main/verdicts", nil)
	check(d.t, err)
	r.Header.Set("Authorization", "Bearer "+d.key)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	response, err := http.DefaultClient.Do(r)
	check(d.t, err)
	defer response.Body.Close()
	if kind := response.Header.Get("Content-Type"); response.StatusCode != 200 || kind != "text/event-stream" {
		d.t.Fatalf("verdicts: %s %s", response.Status, kind)
	}
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() && len(all) < n {
		line := lines.Text()
		switch {
		case strings.HasPrefix(line, "retry:") && ready != nil:
			ready()
		case strings.HasPrefix(line, "id: "):
			id = line[4:]
		case strings.HasPrefix(line, "data: "):
			var j api.Judged
			check(d.t, json.Unmarshal([]byte(line[6:]), &j))
			all = append(all, j)
		}
	}
	return all, id
}

func TestVerdictsAreToldAsTheyAreGiven(t *testing.T) {
	d := newDesk(t, server.Options{})
	ask := func() {
		for _, name := range []string{"main", "staff", "main"} {
			r, body := d.form("/v1/galleries/"+name+"/identify", "image=@"+a)
			want[api.Identified](t, r, body)
		}
	}
	heard, last := d.hears(2, "", ask)
	if len(heard) != 2 || heard[0].Gallery != "main" || heard[1].Number != 3 || heard[1].Who != "boss" || last != "3" {
		t.Errorf("heard %+v up to %q, want the two verdicts of main", heard, last)
	}
	ask()
	if heard, _ := d.hears(2, last, nil); len(heard) != 2 || heard[0].Number != 4 || heard[1].Number != 6 {
		t.Errorf("heard after 3 %+v, want 4 and 6", heard)
	}
	if heard, _ := d.hears(4, "999", nil); len(heard) != 4 {
		t.Errorf("heard after a number of another time %+v, want all", heard)
	}
	r, body := d.as(d.newKey("staff", []string{"staff"}, server.RoleAdmin)).ask("GET", "/v1/galleries/main/verdicts", "", nil)
	wantProblem(t, r, body, 403, "is not for gallery")
	r, body = d.as("").ask("GET", "/v1/galleries/main/verdicts", "", nil)
	wantProblem(t, r, body, 401, "no key")
}

func TestWhoseKeyIsRevokedHearsNoMore(t *testing.T) {
	d := newDesk(t, server.Options{})
	listener := d.as(d.newKey("listener", nil, server.RoleIdentify))
	heard, _ := listener.hears(2, "", func() {
		_, err := d.keys.Revoke("listener")
		check(t, err)
		r, body := d.form("/v1/galleries/main/identify", "image=@"+a)
		want[api.Identified](t, r, body)
	})
	if len(heard) != 0 {
		t.Errorf("after its key was revoked a listener hears %+v", heard)
	}
}

// What a listener hears has an end when the server stops. The server would cut off the connection of one that does not go.
func TestListenersGoWhenTheServerStops(t *testing.T) {
	d := newDesk(t, server.Options{})
	ctx, stop := context.WithCancel(t.Context())
	c := dial(t, d.listenUntil(ctx), "GET /v1/galleries/main/verdicts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+d.key+"\r\n\r\n")
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	check(t, err)
	stop()
	if heard, err := io.ReadAll(r.Body); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("a listener is told %s %q, %v, want an end", r.Status, heard, err)
	}
}

func TestCalibrationLearnsFromStrangersAndGroupsAndMayBeTried(t *testing.T) {
	d := newDesk(t, server.Options{})
	d.peopled("main", 60)
	r, body := d.json("POST", "/v1/galleries/main/calibrate", map[string]any{"fpir": 0.3, "miss": 0.3, "try": true})
	study := want[map[string]any](t, r, body)
	if study["strangers"].(float64) != 60 {
		t.Errorf("strangers = %v, want 60", study["strangers"])
	}
	r, body = d.ask("GET", "/v1/galleries/main", "", nil)
	if s := want[map[string]any](t, r, body); s["calibration"] != nil {
		t.Errorf("a trial calibrates: %v", s["calibration"])
	}
	row := make([]float32, d.model.Spec().Dim)
	row[0] = 1
	promise := api.Promise{FPIR: 0.3, Miss: 0.3, Strangers: []api.Person{{Name: "Yves", Embeddings: [][]float32{row}}}}
	r, body = d.json("POST", "/v1/galleries/main/calibrate", promise)
	if study := want[map[string]any](t, r, body); study["strangers"].(float64) != 61 {
		t.Errorf("strangers = %v, want 61", study["strangers"])
	}
	promise.Groups = map[string]string{"nobody": "x"}
	r, body = d.json("POST", "/v1/galleries/main/calibrate", promise)
	wantProblem(t, r, body, 422, "the groups name none")
	promise.Groups, promise.Strangers[0].Embeddings = nil, [][]float32{{1}}
	r, body = d.json("POST", "/v1/galleries/main/calibrate", promise)
	wantProblem(t, r, body, 422, "not an embedding")
}
