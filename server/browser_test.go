package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	_ "image/png"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/siam-go/siam/api"
	"github.com/siam-go/siam/gallery"
	"github.com/siam-go/siam/server"
)

// chromium is where a browser is, or the test is skipped.
func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{os.Getenv("SIAM_TEST_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil && name != "" {
			return path
		}
	}
	t.Skip("no Chromium is installed: the page is not tried in a browser")
	return ""
}

// film is what a camera sees: a picture that does not move, as a file for Chromium.
func film(t *testing.T, picture string) string {
	t.Helper()
	file, err := os.Open(picture)
	check(t, err)
	defer file.Close()
	m, _, err := image.Decode(file)
	check(t, err)
	const side = 480
	seen := image.NewRGBA(image.Rect(0, 0, side, side))
	draw.Draw(seen, seen.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	for y := range side {
		for x := range side {
			seen.Set(x, y, m.At(x*m.Bounds().Dx()/side, y*m.Bounds().Dy()/side))
		}
	}
	var frame bytes.Buffer
	check(t, jpeg.Encode(&frame, seen, nil))
	return write(t, "camera.mjpeg", bytes.Repeat(frame.Bytes(), 4))
}

// visitor is a browser on the page of a desk. What goes wrong on the page is an error of the test.
type visitor struct {
	*desk
	ctx context.Context

	mu        sync.Mutex
	wrong     []string
	elsewhere []string
}

func (d *desk) visit(flags ...chromedp.ExecAllocatorOption) *visitor {
	t := d.t
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(t)), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("lang", "en"))
	all, stop := chromedp.NewExecAllocator(context.Background(), append(options, flags...)...)
	t.Cleanup(stop)
	ctx, cancel := chromedp.NewContext(all)
	t.Cleanup(cancel)
	v := &visitor{desk: d, ctx: ctx}
	check(t, chromedp.Listen(ctx, v.hear))
	call(v, network.Enable, network.EnableParams{})
	call(v, log.Enable, cdp.Empty{})
	call(v, runtime.Enable, cdp.Empty{})
	call(v, page.Enable, page.EnableParams{})
	v.do(chromedp.Navigate(d.url), chromedp.WaitVisible("#login"))
	v.do(script("const player = document.getElementById('player'); player.addEventListener('load', () => { window.played = player.src })"))
	v.do(chromedp.SendKeys("#key", d.key), chromedp.Click("#login button"), chromedp.WaitVisible("#tabs"))
	t.Cleanup(func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.wrong) > 0 {
			t.Errorf("the browser's console says %q", v.wrong)
		}
		if len(v.elsewhere) > 0 {
			t.Errorf("the page asks elsewhere: %q", v.elsewhere)
		}
	})
	return v
}

func (v *visitor) hear(event any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, v.url) && !strings.HasPrefix(u, "blob:"+v.url) && !strings.HasPrefix(u, "data:") {
			v.elsewhere = append(v.elsewhere, u)
		}
	case *runtime.EventExceptionThrown:
		v.wrong = append(v.wrong, fmt.Sprintf("%s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			v.wrong = append(v.wrong, fmt.Sprintf("%s %s", e.Type, e.Args[0].Value))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			v.wrong = append(v.wrong, e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func (v *visitor) do(actions ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 5*time.Minute)
	defer cancel()
	v.fine(chromedp.Do(ctx, actions...))
}

// fine ends the test at an error, with what the page says.
func (v *visitor) fine(err error) {
	v.t.Helper()
	if err != nil {
		ctx, cancel := context.WithTimeout(v.ctx, 5*time.Second)
		defer cancel()
		text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body ? document.body.innerText : ''"))
		v.t.Fatalf("%v; the page says %q, its console %q", err, text, v.wrong)
	}
}

// got is the value of an action.
func got[T any](v *visitor, action chromedp.Action[T]) T {
	v.t.Helper()
	value, err := chromedp.Run(v.ctx, action)
	v.fine(err)
	return value
}

func call[P, R any](v *visitor, command cdp.Command[P, R], params P) {
	v.t.Helper()
	_, err := chromedp.Call(v.ctx, command, params)
	v.fine(err)
}

// until waits until something is true on the page, as long as do lets it.
func until(what string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](what, chromedp.WithPollingTimeout(0))
}

// choose chooses of a list as a person does.
func choose(list, value string) chromedp.Action[chromedp.Void] {
	return chromedp.Steps(chromedp.SetValue(list, value), script(fmt.Sprintf("document.querySelector(%q).dispatchEvent(new Event('change'))", list)))
}

func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Evaluate[chromedp.Void](text + "; 0")
}

// open opens a page by its tab.
func (v *visitor) open(name string) {
	v.t.Helper()
	v.do(chromedp.Click(fmt.Sprintf(`nav a[href="#%s"]`, name)), chromedp.WaitVisible("#"+name))
}

// sees waits until an element shows a text.
func (v *visitor) sees(element, text string) {
	v.t.Helper()
	v.do(until(fmt.Sprintf("[...document.querySelectorAll(%q)].some(e => e.checkVisibility() && e.textContent.includes(%q))", element, text)))
}

func absolute(t *testing.T, file string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	check(t, err)
	return path
}

// peopled enrols people of two images each, who are far from each other, and rejects strangers, so that a gallery can be calibrated.
func (d *desk) peopled(name string, people int) {
	d.t.Helper()
	g, err := gallery.Open(d.t.Context(), d.store, name, d.model.ForGallery())
	check(d.t, err)
	random := rand.New(rand.NewPCG(1, 2))
	dim := d.model.Spec().Dim
	near := func(centre []float32, by float64) []float32 {
		out, norm := make([]float32, dim), 0.
		for i := range out {
			out[i] = float32(by * random.NormFloat64())
			if centre != nil {
				out[i] += centre[i]
			}
			norm += float64(out[i]) * float64(out[i])
		}
		for i := range out {
			out[i] /= float32(math.Sqrt(norm))
		}
		return out
	}
	var enrol, strangers []gallery.Enrolment
	for i := range people {
		centre := near(nil, 1)
		for range 2 {
			enrol = append(enrol, gallery.Enrolment{ID: fmt.Sprintf("person %03d", i), Name: "x.png", Face: gallery.Face{Embedding: near(centre, 0.08)}})
		}
		strangers = append(strangers, gallery.Enrolment{Name: "y.png", Face: gallery.Face{Embedding: near(nil, 1)}})
	}
	_, err = g.Enroll(d.t.Context(), enrol...)
	check(d.t, err)
	check(d.t, g.Reject(d.t.Context(), "", strangers...))
}

func TestGateInABrowserKnowsWhomTheCameraSees(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/enroll", "id=<b>Ánna</b>", "image=@"+a)
	want[api.Enrolled](t, r, body)
	v := d.visit(chromedp.Flag("use-file-for-fake-video-capture", film(t, a)))
	v.do(chromedp.SendKeys("#gate-file", absolute(t, same)))
	v.sees("#verdicts h3", "A person has to decide: like <b>Ánna</b>")
	v.sees("#verdicts .do", "To the desk")
	v.sees("#verdicts ol li", "<b>Ánna</b> — 0.")
	v.do(chromedp.Click("#camera"), chromedp.WaitVisible("#shoot"), until("document.getElementById('video').videoWidth > 0"), chromedp.Click("#shoot"))
	v.do(until("document.querySelectorAll('#probes img').length === 4"))
	v.sees("#verdicts h3", "like <b>Ánna</b>")
	v.do(chromedp.Click("#camera"), chromedp.WaitNotVisible("#video"))
	v.do(chromedp.SendKeys("#gate-file", absolute(t, same)))
	v.do(chromedp.WaitVisible("#verdicts article button"), chromedp.Click("#verdicts article button"))
	v.sees("#verdicts", "Kept as a stranger.")
	v.do(choose("#language", "es"))
	v.sees("nav a", "Puerta")
	v.do(chromedp.Click("#camera"), chromedp.WaitVisible("#shoot"), until("document.getElementById('video').videoWidth > 0"), chromedp.Click("#shoot"))
	v.sees("#verdicts ol li", "un desconocido rechazado — 0,")
}

// Who is taken for somebody else before the camera can be told so, too.
func TestOfWhatTheCameraSeesOneImageIsRejected(t *testing.T) {
	d := newDesk(t, server.Options{})
	r, body := d.form("/v1/galleries/main/enroll", "id=Anna", "image=@"+a)
	want[api.Enrolled](t, r, body)
	v := d.visit(chromedp.Flag("use-file-for-fake-video-capture", film(t, a)))
	v.do(chromedp.Click("#camera"), chromedp.WaitVisible("#shoot"), until("document.getElementById('video').videoWidth > 0"), chromedp.Click("#shoot"))
	v.do(chromedp.WaitVisible("#verdicts article button"), chromedp.Click("#verdicts article button"))
	v.sees("#verdicts", "Kept as a stranger.")
	v.do(chromedp.Click("#shoot"))
	v.sees("#verdicts ol li", "a stranger who was rejected")
	strangers := 0
	for e, err := range d.store.Entries(t.Context(), "main", gallery.Query{Role: gallery.Stranger}) {
		check(t, err)
		if strangers++; !strings.HasPrefix(e.Name, "camera ") {
			t.Errorf("the stranger is of %s", e.Name)
		}
	}
	if strangers != 1 {
		t.Errorf("%d strangers, want 1", strangers)
	}
}

// A page is shown to those whose key may do something there.
func TestAKeySeesItsPagesOnly(t *testing.T) {
	d := newDesk(t, server.Options{})
	for _, key := range []struct {
		galleries []string
		role      server.Role
		pages     string
	}{
		{nil, server.RoleIdentify, "gate compare masks"}, {[]string{"main"}, server.RoleEnroll, "gallery map"}, {nil, server.RoleReview, "gallery review map"},
		{[]string{"main"}, server.RoleAdmin, "gate gallery review compare calibration map masks"}, {nil, server.RoleAdmin, "gate gallery review compare calibration map training tracks masks"},
	} {
		v := d.as(d.newKey(fmt.Sprint(key), key.galleries, key.role)).visit()
		if seen := got(v, chromedp.Evaluate[string]("[...document.querySelectorAll('nav a')].filter(a => !a.hidden).map(a => a.hash.slice(1)).join(' ')")); seen != key.pages {
			t.Errorf("%v sees %s, want %s", key, seen, key.pages)
		}
		if galleries := got(v, chromedp.Evaluate[int]("document.querySelectorAll('#galleries option').length")); galleries != map[bool]int{true: 1, false: 2}[key.galleries != nil] {
			t.Errorf("%v sees %d galleries", key, galleries)
		}
	}
}

// What the server refuses is said in the language of the page.
func TestRefusalsSpeakTheLanguageOfThePage(t *testing.T) {
	v := newDesk(t, server.Options{}).visit()
	v.do(choose("#language", "es"), chromedp.Click(`nav a[href="#calibration"]`))
	v.sees("#trouble [lang=es]", "no hay nadie inscrito")
	v.mu.Lock()
	defer v.mu.Unlock()
	v.wrong = nil // which the browser tells of every refusal
}

func TestGalleryAndReviewInABrowser(t *testing.T) {
	d := newDesk(t, server.Options{})
	v := d.visit()
	v.open("gallery")
	v.do(chromedp.SendKeys("#enroll-id", "Anna"), chromedp.SendKeys("#enroll-file", absolute(t, a)), chromedp.Click("#enroll button"))
	v.sees("#enrolled", "Anna enrolled: 1 image added.")
	v.sees("#ids li", "Anna")
	v.do(chromedp.SendKeys("#search", "zz"))
	v.do(until("document.querySelectorAll('#ids li').length === 0"))
	v.open("review")
	v.sees("#queue", "Nothing waits.")
	r, body := d.form("/v1/galleries/main/identify", "image=@"+other)
	want[api.Identified](t, r, body)
	v.sees("#more", "1 more waits")
	v.do(chromedp.Click("#more"), chromedp.WaitVisible("#queue .group img"))
	v.do(chromedp.SendKeys("#queue .group input:not([type=checkbox])", "Zoe"), chromedp.Click("#queue .group form button"))
	v.sees("#queue", "Nothing waits.")
	v.open("gallery")
	v.do(script("document.getElementById('search').value = ''"), chromedp.SendKeys("#search", "Z"))
	v.sees("#ids li", "Zoe")
	check(t, chromedp.Listen(v.ctx, func(event any) {
		if _, asks := event.(*page.EventJavascriptDialogOpening); asks { // whether one is sure
			go func() {
				_, _ = chromedp.Call(v.ctx, page.HandleJavaScriptDialog, page.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	}))
	v.do(chromedp.Click("#ids li button"))
	v.sees("#count", "1 enrolled")
}

func TestCompareCalibrationMapAndTrainingInABrowser(t *testing.T) {
	folder := t.TempDir()
	d := newDesk(t, server.Options{Folder: folder})
	d.peopled("main", 60)
	v := d.visit()
	v.open("compare")
	v.do(chromedp.SendKeys("#file-a", absolute(t, a)), chromedp.SendKeys("#file-b", absolute(t, same)), chromedp.Click("#comparing button"))
	v.sees("#compare-verdict h3", "Same")
	v.do(chromedp.SendKeys("#file-b", absolute(t, other)), chromedp.Click("#comparing button"))
	v.sees("#compare-verdict h3", "Different")
	v.open("calibration")
	v.sees("#calibrated", "not calibrated")
	v.do(chromedp.WaitVisible("#curve canvas"))
	v.sees("#cost-says", "Of 1,000 strangers")
	before := got(v, chromedp.Text("#cost"))
	v.do(chromedp.SendKeys("#fpir", strings.Repeat(kb.ArrowRight, 30)), chromedp.SendKeys("#miss", kb.End))
	if after := got(v, chromedp.Text("#cost")); before == after {
		t.Errorf("the slider changes nothing: %s", before)
	}
	v.do(chromedp.Click("#calibrate"))
	v.sees("#calibrated", "Match up to")
	v.open("map")
	v.sees("#map-says", "180 of 180 images, of 60 ids.")
	v.do(chromedp.SendKeys("#find", "person 007"))
	v.sees("#map-says", "2 images found.")
	v.do(choose("#method", "tsne"), chromedp.WaitVisible("#points circle.found"))
	progress, err := json.Marshal(api.Training{Recipe: "oneshot-triplet", Data: "omniglot", State: "running", First: 1, Step: 500, Steps: 1000, Started: time.Now().Add(-10 * time.Minute), Updated: time.Now(),
		Loss: [][2]float64{{100, 0.9}, {300, 0.5}, {500, 0.4}}, Validation: [][2]float64{{250, 0.7}, {500, 0.8}},
		Examples: examples(t)})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(folder, "new.safetensors.progress"), progress, 0o600))
	picture := examples(t)[0].Picture
	progress, err = json.Marshal(api.Training{Recipe: "coseg-small", Data: "shapes", State: "running", First: 1, Step: 500, Steps: 1000, Started: time.Now().Add(-10 * time.Minute), Updated: time.Now(),
		Loss: [][2]float64{{100, 0.9}, {500, 0.4}}, Validation: [][2]float64{{250, 0.31}, {500, 0.42}}, Measure: "jaccard",
		Masks: []api.Masked{{Picture: picture, Beside: picture, Found: picture, Truth: picture, Jaccard: 0.654}}})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(folder, "masks.safetensors.progress"), progress, 0o600))
	check(t, os.WriteFile(filepath.Join(folder, "broken.progress"), []byte("{"), 0o600))
	check(t, os.WriteFile(filepath.Join(folder, "other.progress"), []byte(`{"state": "running", "steps": 0}`), 0o600))
	check(t, os.WriteFile(filepath.Join(folder, "without.progress"), []byte(`{"steps": 9}`), 0o600))
	check(t, os.WriteFile(filepath.Join(folder, "odd.progress"), []byte(`{"state": "stopped", "steps": 9, "loss": null, "examples": [{"picture": "javascript:alert(1)", "answers": null}]}`), 0o600))
	v.open("training")
	v.sees("#trainings", "oneshot-triplet on omniglot: step 500 of 1,000, about 10 minutes left")
	v.do(chromedp.WaitVisible("#trainings canvas"))
	v.sees("#trainings .examples h4", "Examples: 1 of 2 right")
	v.sees("#trainings .examples ul > li:nth-child(2) .wrong", "✗ 0.20")
	v.do(until("[...document.querySelectorAll('.examples img')].length === 12 && [...document.querySelectorAll('.examples img')].every(e => e.naturalWidth > 0)"))
	v.sees("#trainings .masked li:nth-child(3)", "network: 0.65")
	v.do(until(`[...document.querySelectorAll("#trainings .validation .uplot")].map(e => e.getAttribute("aria-label")).sort().join() === "Jaccard index in validation: 0.420,Validation accuracy: 0.800"`))
	v.shoot("training-examples")
	check(t, os.Remove(filepath.Join(folder, "masks.safetensors.progress")))
	check(t, os.Remove(filepath.Join(folder, "new.safetensors.progress")))
	check(t, os.Remove(filepath.Join(folder, "odd.progress")))
	v.sees("#trainings", "No training runs.")
}

// examples are what a network answers rightly, and wrongly.
func examples(t *testing.T) (shown []api.Example) {
	t.Helper()
	picture := func(file string) string {
		data, err := os.ReadFile(file)
		check(t, err)
		return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data)
	}
	for _, right := range []bool{true, false} {
		x := api.Example{Picture: picture(a)}
		for i, file := range []string{same, other, other} {
			x.Answers = append(x.Answers, api.Answer{Picture: picture(file), Distance: 0.2 + float32(i)/2, Same: (i == 0) == right && i < 2})
		}
		shown = append(shown, x)
	}
	return shown
}

// Every page, narrow and wide, light and dark, in both languages: nothing is wider than the screen, and axe-core finds no serious fault.
func TestPagesSuitAllScreensAndReaders(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join(os.Getenv("SIAM_TEST_AXE"), "node_modules/axe-core/axe.min.js"))
	if err != nil {
		t.Log("SIAM_TEST_AXE is no folder where npm has installed axe-core: accessibility is not tried")
	}
	folder := tracked(t)
	d := newDesk(t, server.Options{Folder: folder, Masks: []server.Masks{masker(t, "one.safetensors")}})
	d.peopled("main", 60)
	progress, err := json.Marshal(api.Training{Recipe: "oneshot-triplet", Data: "omniglot", State: "running", Step: 500, Steps: 1000, Started: time.Now().Add(-10 * time.Minute), Updated: time.Now(),
		Loss: [][2]float64{{100, 0.9}, {300, 0.5}, {500, 0.4}}, Validation: [][2]float64{{250, 0.7}, {500, 0.8}}, Examples: examples(t)})
	check(t, err)
	check(t, os.WriteFile(filepath.Join(folder, "new.safetensors.progress"), progress, 0o600))
	r, body := d.form("/v1/galleries/main/enroll", "id=<img src=x onerror=alert(1)>", "image=@"+a) // which no page takes for markup
	want[api.Enrolled](t, r, body)
	g, err := gallery.OpenNamed(t.Context(), d.store, "main")
	check(t, err)
	check(t, g.SetCalibration(t.Context(), &gallery.Calibration{Thresholds: gallery.Thresholds{Match: 0.01, Refer: 0.35}, ByHand: true}))
	r, body = d.form("/v1/galleries/main/identify", "image=@"+other)
	want[api.Identified](t, r, body)
	v := d.visit()
	for _, look := range []struct {
		width  int64
		scheme string
		words  string
	}{{390, "dark", "es"}, {1000, "light", "es"}, {1280, "dark", "en"}, {390, "light", "en"}, {1600, "light", "es"}} {
		v.do(chromedp.EmulateViewport(look.width, 900))
		call(v, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.scheme}}})
		v.do(choose("#language", look.words))
		suits := func(name string) {
			t.Helper()
			at := fmt.Sprintf("%s-%d-%s-%s", name, look.width, look.scheme, look.words)
			v.shoot(at)
			if wide := got(v, chromedp.Evaluate[int64]("document.documentElement.scrollWidth")); wide > look.width {
				t.Errorf("%s is %d pixels wide", at, wide)
			}
			if len(axe) > 0 {
				v.audit(at, axe)
			}
		}
		for _, name := range []string{"gate", "gallery", "review", "compare", "calibration", "map", "training", "tracks", "masks"} {
			v.open(name)
			v.do(until("!document.body.hasAttribute('aria-busy')"))
			switch name {
			case "gate":
				v.do(chromedp.SetUploadFiles("#gate-file", []string{absolute(t, same)}), chromedp.WaitVisible("#verdicts article .ruler"))
			case "compare":
				v.do(chromedp.SetUploadFiles("#file-a", []string{absolute(t, a)}), chromedp.SetUploadFiles("#file-b", []string{absolute(t, other)}), chromedp.Click("#comparing button"), chromedp.WaitVisible("#compare-verdict .ruler"))
			case "training":
				v.do(chromedp.WaitVisible("#trainings canvas"))
			case "tracks":
				v.do(until(playerLoaded))
			case "masks":
				v.do(script("document.querySelector('#shared .pictures').replaceChildren()"), chromedp.SetUploadFiles("#masks-file", []string{absolute(t, a), absolute(t, same), absolute(t, other)}),
					until("document.querySelectorAll('#shared canvas').length === 3"), chromedp.WaitVisible("#shared canvas"))
			}
			suits(name)
		}
		v.do(chromedp.Click("#leave"), chromedp.WaitVisible("#login"))
		suits("login")
		v.do(chromedp.SendKeys("#key", d.key), chromedp.Click("#login button"), chromedp.WaitVisible("#tabs"))
	}
}

// playerLoaded says that the page of tracks that is shown has come, see [desk.visit].
const playerLoaded = "window.played && played === document.getElementById('player').src"

// shoot keeps a picture of the page where SIAM_TEST_PICTURES names a folder.
func (v *visitor) shoot(name string) {
	v.t.Helper()
	if folder := os.Getenv("SIAM_TEST_PICTURES"); folder != "" {
		check(v.t, os.WriteFile(filepath.Join(folder, name+".png"), got(v, chromedp.FullScreenshot(100)), 0o600))
	}
}

// audit runs axe-core.
func (v *visitor) audit(at string, axe []byte) {
	v.t.Helper()
	v.do(script(string(axe)))
	found := got(v, chromedp.Evaluate[[]string](`axe.run().then(r => r.violations.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + " " + v.nodes.slice(0, 3).map(n => n.html).join(" ")))`, chromedp.EvalAwaitPromise))
	for _, fault := range found {
		v.t.Errorf("%s: %s", at, fault)
	}
}

// controls are what somebody at the keyboard comes to, in the order of the page.
const controls = `[...document.querySelectorAll("a[href], button, input, select, textarea, iframe, [tabindex='0']")].filter(e => e.checkVisibility() && !e.disabled && e.tabIndex >= 0)`

// watchFocus keeps the numbers of the controls that get the focus, which must be seen there, in their order: where a player is the focus
// within it moves in a process of its own, so that looking now and then may miss some.
const watchFocus = `
	if (window.watching) watching.abort();
	watching = new AbortController();
	order = [];
	note = e => {
		const at = ` + controls + `.indexOf(e), look = getComputedStyle(e.closest(".drop") || e);
		if (at < 0 || at === order.at(-1)) return;
		order.push(at);
		if (e.tagName !== "IFRAME" && (look.outlineStyle === "none" || parseFloat(look.outlineWidth) < 2)) throw new Error("the focus is not seen on " + e.outerHTML);
	};
	document.addEventListener("focusin", e => note(e.target), { signal: watching.signal });
	addEventListener("blur", () => setTimeout(() => note(document.activeElement)), { signal: watching.signal })`

func (v *visitor) press(key string) {
	v.t.Helper()
	v.do(chromedp.KeyEvent(key))
}

// tabTo goes to a control by the tab key.
func (v *visitor) tabTo(control string) {
	v.t.Helper()
	for range 300 {
		v.press(kb.Tab)
		if got(v, chromedp.Evaluate[bool](fmt.Sprintf("document.activeElement.matches(%q)", control))) {
			return
		}
	}
	v.t.Fatalf("the tab key does not lead to %s", control)
}

// tabThrough goes round a page by the tab key: to all controls, in their order, and from the last to the first. A player, which is the last
// of its page, is passed over where the browser has not drawn it yet.
func (v *visitor) tabThrough(name string) {
	v.t.Helper()
	n := got(v, chromedp.Evaluate[int](controls+".length"))
	v.do(script(watchFocus))
	var order []int
	for range 3*n + 200 { // a player has many controls of its own
		v.press(kb.Tab)
		if order = got(v, chromedp.Evaluate[[]int]("order")); len(order) > n {
			break
		}
	}
	if len(order) <= n {
		v.t.Errorf("%s: the tab key leads to %v of %d controls", name, order, n)
	}
	for i := 1; i < len(order); i++ {
		passed := name == "tracks" && order[i-1] == n-2 && order[i] == 0
		if order[i] != (order[i-1]+1)%n && !passed {
			v.t.Errorf("%s: the tab key leads from control %d to %d of %d", name, order[i-1], order[i], n)
		}
	}
}

func TestPagesByTheKeyboardAlone(t *testing.T) {
	d := newDesk(t, server.Options{Folder: tracked(t), Masks: []server.Masks{masker(t, "one.safetensors")}})
	d.peopled("main", 20)
	v := d.visit(chromedp.Flag("use-file-for-fake-video-capture", film(t, a)))
	v.tabTo("#leave")
	v.press(kb.Enter)
	v.do(chromedp.WaitVisible("#login"))
	v.tabThrough("login")
	v.tabTo("#key")
	v.do(chromedp.KeyEvent(d.key + kb.Enter))
	v.do(chromedp.WaitVisible("#tabs"))
	for _, name := range []string{"gallery", "review", "compare", "calibration", "map", "training", "tracks", "masks", "gate"} {
		v.tabTo(fmt.Sprintf(`nav a[href="#%s"]`, name))
		v.press(kb.Enter)
		v.do(chromedp.WaitVisible("#"+name), until("!document.body.hasAttribute('aria-busy')"))
		switch name {
		case "gallery":
			v.sees("#count", "20 enrolled")
		case "review":
			v.sees("#queue", "Nothing waits.")
		case "calibration":
			v.do(chromedp.WaitVisible("#curve canvas"))
		case "tracks":
			v.do(until(playerLoaded))
		case "masks":
			v.do(chromedp.SetUploadFiles("#masks-file", []string{absolute(t, a), absolute(t, same)}), until("document.querySelectorAll('#shared canvas').length === 2"))
		}
		v.tabThrough(name)
	}
	v.tabTo("#camera")
	v.press(" ")
	v.do(until("document.getElementById('video').videoWidth > 0"))
	v.tabTo("#shoot")
	v.press(kb.Enter)
	v.sees("#verdicts h3", "No match")
	v.tabTo("#camera")
	v.press(" ")
	v.tabTo("#language")
	v.press(kb.ArrowDown)
	v.sees("nav a", "Puerta")
	v.press(kb.ArrowUp)
	v.tabTo(`nav a[href="#masks"]`)
	v.press(kb.Enter)
	v.tabTo("#shared .masked")
	v.press(" ")
	if got(v, chromedp.Evaluate[bool]("document.querySelector('#shared .masked').checked")) {
		t.Error("the space bar does not turn masks off")
	}
	before := got(v, chromedp.Text("#shared output"))
	v.tabTo("#shared [type=range]")
	v.press(kb.ArrowRight)
	if after := got(v, chromedp.Text("#shared output")); after == before {
		t.Errorf("the arrow key leaves the threshold at %s", after)
	}
	plain := got(v, chromedp.Evaluate[string]("document.querySelectorAll('#shared canvas')[1].toDataURL()"))
	v.tabTo("#shared canvas")
	v.press(kb.ArrowRight)
	if got(v, chromedp.Evaluate[string]("document.querySelectorAll('#shared canvas')[1].toDataURL()")) == plain {
		t.Error("the arrow keys show nothing of what is like a place of the first image")
	}
}

func TestPlayersSpeakTheLanguageOfThePage(t *testing.T) {
	d := newDesk(t, server.Options{Folder: tracked(t)})
	v := d.visit()
	v.do(choose("#language", "es"))
	v.open("tracks")
	v.do(until("document.getElementById('player').src"))
	address := got(v, chromedp.Evaluate[string]("document.getElementById('player').src"))
	for language, says := range map[string][4]string{"es": {"Reproducir", "fotograma 1 de 2", "Cruce", "Dos fotogramas."}, "en": {"Play", "frame 1 of 2", "Crossing", "Two frames."}, "constructor": {"Play", "frame 1 of 2", "Crossing", "Two frames."}} {
		v.do(chromedp.Navigate(strings.Replace(address, "=es", "="+language, 1)))
		v.sees(".play", says[0])
		v.sees(".where", says[1])
		v.sees("h1", says[2])
		v.sees(".text", says[3])
		v.shoot("player-" + language)
	}
}
