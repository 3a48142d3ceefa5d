package server_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/coseg"
	"github.com/siam-go/siam/cpu"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/server"
	"github.com/siam-go/siam/train"
)

// masker is a network that has learned nothing, which takes every object for present.
func masker(t *testing.T, name string) server.Masks {
	t.Helper()
	backend, err := cpu.New(cpu.Options{Threads: 2})
	check(t, err)
	t.Cleanup(backend.Finalize)
	spec, err := coseg.NewSpec(coseg.Small, 32)
	check(t, err)
	trainer, err := train.New(backend, train.Task[*coseg.Batch](coseg.Pairs{Network: coseg.Network{Spec: spec}}), train.Config{Optimizer: train.NewAdam(), StepsPerEpoch: 1, Seed: 1})
	check(t, err)
	weights, err := trainer.Weights()
	check(t, err)
	file, err := coseg.NewFile(spec, weights, nil)
	check(t, err)
	model, err := coseg.New(backend, file)
	check(t, err)
	model.Threshold = 0
	t.Cleanup(model.Close)
	return server.Masks{Model: model, Name: name}
}

func TestMasksAreOfGroupsThatTheServerCanSegment(t *testing.T) {
	none := newDesk(t, server.Options{})
	r, body := none.form("/v1/masks", "image=@"+a, "image=@"+same)
	wantProblem(t, r, body, http.StatusConflict, "holds no model of co-segmentation")
	d := newDesk(t, server.Options{Masks: []server.Masks{masker(t, "one.safetensors")}})
	r, body = d.form("/v1/masks", "image=@"+a, "image=@"+same, "image=@"+other)
	found := want[api.Masks](t, r, body)
	if len(found.Found) != 3 || len(found.Images) != 3 || len(found.Alike) != 3 || len(found.Alike[2]) != 3 || found.Model != "one.safetensors" || !strings.HasPrefix(found.Images[0].Mask, "data:image/png;base64,") {
		t.Errorf("masks: %d found, %d images, %d alike", len(found.Found), len(found.Images), len(found.Alike))
	}
	r, body = d.form("/v1/masks", "image=@"+a)
	wantProblem(t, r, body, http.StatusUnprocessableEntity, "1 images: want from 2 to 12")
	r, body = d.form("/v1/masks", "image=@"+a, "image=@"+same, "model=two.safetensors")
	wantProblem(t, r, body, http.StatusNotFound, "no model of co-segmentation")
	r, body = d.form("/v1/masks", "image=@"+a, "image=@../go.mod")
	wantProblem(t, r, body, http.StatusUnprocessableEntity, "go.mod")
	two := newDesk(t, server.Options{Masks: []server.Masks{masker(t, "one.safetensors"), masker(t, "two.safetensors")}})
	r, body = two.form("/v1/masks", "image=@"+a, "image=@"+same)
	wantProblem(t, r, body, http.StatusBadRequest, "name one, such as one.safetensors")
	r, body = two.form("/v1/masks", "image=@"+a, "image=@"+same, "model=two.safetensors")
	if found := want[api.Masks](t, r, body); found.Model != "two.safetensors" {
		t.Errorf("masks by %q, want the model that was named", found.Model)
	}
	r, body = two.ask("GET", "/v1/models", "", nil)
	if list := want[api.Models](t, r, body); len(list.Masks) != 2 || list.Masks[1] != "two.safetensors" {
		t.Errorf("models of co-segmentation: %v", list.Masks)
	}
	enroller := d.as(d.newKey("enroller", nil, server.RoleEnroll))
	r, body = enroller.form("/v1/masks", "image=@"+a, "image=@"+same)
	wantProblem(t, r, body, http.StatusForbidden, "role")
}

// tracked is a folder with a page of tracks, and with what is none.
func tracked(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	r := report.New("Crossing")
	r.Spanish = map[string]string{"Crossing": "Cruce", "Two frames.": "Dos fotogramas."}
	r.Add(report.Section{Title: "Tracks", Text: "Two frames.", Parts: []report.Part{report.Film{Frames: []report.FilmFrame{{Number: 1}, {Number: 2}}, Width: 64, Height: 48, Rate: 2}}})
	check(t, r.WriteFile(filepath.Join(folder, "crossing <1>.html")))
	check(t, os.WriteFile(filepath.Join(folder, "secret.txt"), []byte("secret"), 0o600))
	check(t, os.Symlink("/etc/passwd", filepath.Join(folder, "link.html")))
	return folder
}

func TestPagesOfTracksRunInASandbox(t *testing.T) {
	d := newDesk(t, server.Options{Folder: tracked(t)})
	r, body := d.json("GET", "/v1/tracks", nil)
	if list := want[api.Tracks](t, r, body); len(list.Tracks) != 1 || list.Tracks[0].Name != "crossing <1>" {
		t.Errorf("tracks: %+v", list)
	}
	r, body = d.json("GET", "/v1/tracks/crossing%20%3C1%3E.html", nil)
	if policy := r.Header.Get("Content-Security-Policy"); r.StatusCode != http.StatusOK || !strings.HasPrefix(policy, "sandbox allow-scripts") || strings.Contains(policy, "allow-same-origin") || !strings.Contains(string(body), "Crossing") {
		t.Errorf("page of tracks: %d, %s", r.StatusCode, policy)
	}
	for _, name := range []string{"secret.txt", "link.html", "..%2Fserver.go", "%2Fetc%2Fpasswd"} {
		r, body = d.json("GET", "/v1/tracks/"+name, nil)
		wantProblem(t, r, body, http.StatusNotFound, "no page of tracks")
	}
	looker := d.as(d.newKey("looker", nil, server.RoleIdentify))
	r, body = looker.json("GET", "/v1/tracks/crossing%20%3C1%3E.html", nil)
	wantProblem(t, r, body, http.StatusForbidden, "role")
}

func TestMasksAndTracksInABrowser(t *testing.T) {
	d := newDesk(t, server.Options{Folder: tracked(t), Masks: []server.Masks{masker(t, "one.safetensors"), masker(t, "two.safetensors")}})
	v := d.visit()
	v.open("masks")
	v.do(until("document.querySelectorAll('#masks-model option').length === 2"), choose("#masks-model", "two.safetensors"))
	v.do(chromedp.SetUploadFiles("#masks-file", []string{absolute(t, a)}))
	v.sees("#trouble", "two images or more")
	v.do(chromedp.SetUploadFiles("#masks-file", []string{absolute(t, a), absolute(t, same)}))
	v.sees("#masks-say", "2 of 2 images share something.")
	v.do(until("document.querySelectorAll('#shared canvas').length === 2"))
	seen := func() string {
		return got(v, chromedp.Evaluate[string]("[...document.querySelectorAll('#shared canvas')].map(c => c.toDataURL()).join()"))
	}
	before := seen()
	v.do(script("const r = document.querySelector('#shared [type=range]'); r.value = r.value > 50 ? 1 : 99; r.dispatchEvent(new Event('input'))"))
	moved := seen()
	if moved == before {
		v.do(script("document.querySelector('#shared .masked').click()"))
		if moved = seen(); moved == before {
			t.Error("neither the slider nor the box changes the masks")
		}
	}
	v.do(script("const c = document.querySelector('#shared canvas'), b = c.getBoundingClientRect(); c.dispatchEvent(new PointerEvent('pointermove', { clientX: b.left + b.width / 2, clientY: b.top + b.height / 2 }))"))
	if seen() == moved {
		t.Error("pointing at a place shows nothing in the other image")
	}
	v.do(choose("#language", "es"))
	v.open("tracks")
	v.sees("#tracks label", "Vídeo")
	v.do(chromedp.WaitVisible("#player"), until("document.getElementById('player').title === 'crossing <1>'"))
	v.do(chromedp.Navigate(d.url+"/v1/tracks/crossing%20%3C1%3E.html"), chromedp.WaitVisible(".film canvas.picture"), chromedp.Click(".film .play"))
}
