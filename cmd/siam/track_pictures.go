package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/siam-go/siam/dataset/mot"
	"github.com/siam-go/siam/eval/tracking"
	"github.com/siam-go/siam/report"
	"github.com/siam-go/siam/track"
	"golang.org/x/image/draw"
)

// mostPictures is how many frames a page or an animated GIF shows; of longer videos every second, third, ….
const mostPictures = 600

// pictures is what is drawn of a tracked sequence.
type pictures struct {
	app      *app
	flags    trackFlags
	frames   []track.Frame
	rate     float64
	tracks   mot.Sequence
	images   *mot.Images    // nil where there are none
	settings track.Settings // of the tracker, where it is not of the whole video
	compare  track.Compare  // nil without a model of pairs
	damaged  map[int]bool   // frames whose damage was told
}

// show writes the page and the rendered frames that were asked for.
func (p pictures) show(ctx context.Context) error {
	if p.flags.report == "" && p.flags.render == "" {
		return nil
	}
	if p.flags.render != "" {
		if err := p.render(ctx); err != nil {
			return fmt.Errorf("rendering %s: %w", p.flags.render, err)
		}
	}
	if p.flags.report != "" {
		return p.report(ctx)
	}
	return nil
}

// picture is a frame's image, or a grey one of the video's size.
func (p pictures) picture(number int) (image.Image, error) {
	if p.images != nil {
		m, err := p.images.Read(number)
		if err == nil {
			return m.GoImage(), nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !p.damaged[number] {
			p.damaged[number] = true
			p.app.say("%v", err)
		}
	}
	w, h := p.size()
	grey := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.Draw(grey, grey.Rect, image.NewUniform(color.Gray{0x77}), image.Point{}, draw.Src)
	return grey, nil
}

// size is the frames' size in pixels: as the sequence says, or as far as boxes reach.
func (p pictures) size() (w, h int) {
	if info := p.tracks.Info; info.Width > 0 && info.Height > 0 {
		return info.Width, info.Height
	}
	right, low := 64.0, 64.0
	for _, r := range p.tracks.Rows {
		right, low = max(right, r.Box.X+r.Box.W), max(low, r.Box.Y+r.Box.H)
	}
	return int(min(right, 8192)), int(min(low, 8192))
}

// render draws the frames into a folder, an animated GIF, or a video by ffmpeg.
func (p pictures) render(ctx context.Context) error {
	switch to := p.flags.render; strings.ToLower(filepath.Ext(to)) {
	case ".gif":
		return p.gif(ctx, to)
	case ".mp4", ".mkv", ".webm", ".avi", ".mov":
		return p.video(ctx, to)
	default:
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		return p.each(ctx, 1, func(number int, m *image.NRGBA) error {
			var b bytes.Buffer
			if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: 90}); err != nil {
				return err
			}
			return p.app.writeOut(filepath.Join(to, fmt.Sprintf("%06d.jpg", number)), b.Bytes())
		})
	}
}

// each draws every step-th frame.
func (p pictures) each(ctx context.Context, step int, do func(number int, m *image.NRGBA) error) error {
	const trail = 40
	progress := p.app.newProgress("drawing", "frames", len(p.frames))
	defer progress.close()
	rows := p.tracks.Rows
	for i := 0; i < len(p.frames); i += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		number := p.frames[i].Number
		for len(rows) > 0 && rows[0].Frame <= number-trail {
			rows = rows[1:]
		}
		m, err := p.picture(number)
		if err != nil {
			return err
		}
		if err := do(number, report.DrawTracks(m, number, rows, trail)); err != nil {
			return err
		}
		progress.add(step)
	}
	return nil
}

func (p pictures) step() int { return (len(p.frames) + mostPictures - 1) / mostPictures }

func (p pictures) gif(ctx context.Context, to string) error {
	var film gif.GIF
	palette := gifPalette()
	step := max(p.step(), 1)
	err := p.each(ctx, step, func(_ int, m *image.NRGBA) error {
		small := image.Rect(0, 0, min(m.Rect.Dx(), 480), m.Rect.Dy()*min(m.Rect.Dx(), 480)/m.Rect.Dx())
		scaled := image.NewNRGBA(small)
		draw.ApproxBiLinear.Scale(scaled, small, m, m.Rect, draw.Src, nil)
		film.Image = append(film.Image, paletted(scaled, palette))
		film.Delay = append(film.Delay, max(int(100*float64(step)/p.rate+0.5), 2))
		return nil
	})
	if err != nil {
		return err
	}
	if len(film.Image) == 0 {
		return errors.New("there are no frames")
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, &film); err != nil {
		return err
	}
	return p.app.writeOut(to, b.Bytes())
}

// gifPalette are 6×7×6 colours evenly over the cube.
func gifPalette() (p color.Palette) {
	for r := range 6 {
		for g := range 7 {
			for b := range 6 {
				p = append(p, color.NRGBA{uint8(r * 51), uint8(g * 255 / 6), uint8(b * 51), 255})
			}
		}
	}
	return p
}

// bayer says by how much a place is brighter or darker than its colour, in sixteenths of a step of the palette, so that few colours look like many (B. E.
// Bayer, "An optimum method for two-level rendition of continuous-tone pictures", 1973).
var bayer = [4][4]int{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}

// paletted is a picture in the colours of [gifPalette].
func paletted(m *image.NRGBA, palette color.Palette) *image.Paletted {
	out := image.NewPaletted(m.Rect, palette)
	for y := range m.Rect.Dy() {
		from, to := m.Pix[y*m.Stride:], out.Pix[y*out.Stride:]
		for x := range m.Rect.Dx() {
			at := bayer[y&3][x&3]
			level := func(c, levels int) int { return (int(from[4*x+c])*(levels-1)*16 + at*255 + 127) / (255 * 16) }
			to[x] = uint8(level(0, 6)*42 + level(1, 7)*6 + level(2, 6))
		}
	}
	return out
}

// video gives the drawn frames to ffmpeg, which puts the video in its place when it is whole.
func (p pictures) video(ctx context.Context, to string) error {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		return errors.New("ffmpeg is not installed: name a folder or a .gif, or install it")
	}
	partial := filepath.Join(filepath.Dir(to), ".partial-"+filepath.Base(to))
	defer os.Remove(partial)
	cmd := exec.CommandContext(ctx, ffmpeg, "-v", "error", "-y", "-f", "image2pipe", "-c:v", "mjpeg", "-r", fmt.Sprint(p.rate), "-i", "-",
		"-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", partial)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	drawn := p.each(ctx, 1, func(_ int, m *image.NRGBA) error { return jpeg.Encode(in, m, &jpeg.Options{Quality: 92}) })
	in.Close()
	if err := cmd.Wait(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("ffmpeg: %s: %w", strings.TrimSpace(complaint.String()), err)
	}
	if drawn != nil {
		return drawn
	}
	return os.Rename(partial, to)
}

// report writes the page with the player, and with what is wrong where the sequence has its truth.
func (p pictures) report(ctx context.Context) error {
	w, h := p.size()
	film := report.Film{Width: w, Height: h, Rate: p.rate, Tracks: p.tracks.Rows}
	step := max(p.step(), 1)
	for i, f := range p.frames {
		frame := report.FilmFrame{Number: f.Number}
		if err := ctx.Err(); err != nil {
			return err
		}
		if p.images != nil && i%step == 0 {
			m, err := p.picture(f.Number)
			if err != nil {
				return err
			}
			frame.Picture = m
		}
		film.Frames = append(film.Frames, frame)
	}
	if err := p.weighed(ctx, &film, step); err != nil {
		return err
	}
	var scores *tracking.Result
	if truth, err := mot.Read(filepath.Join(p.flags.seq, "gt", "gt.txt"), mot.Truth); p.flags.seq != "" && err == nil && len(truth) == 1 {
		pair := mot.Pair{Truth: truth[0], Tracks: p.tracks}
		compared, err := tracking.Compare(pair, tracking.InferRules(truth[0], ""))
		if err != nil {
			return err
		}
		result := compared.Count().Result()
		scores = &result
		film.Wrong = report.Errors(compared.Events(), truth[0], p.tracks)
	}
	page := report.New("Tracks")
	page.Subtitle = fmt.Sprintf("%s, tracker %s, commit %s", p.tracks.Name, p.flags.named(), thisBuild().Commit)
	text, spanish := toldOfFilm(step, scores)
	page.Spanish = map[string]string{page.Title: "Trayectorias", text: spanish,
		page.Subtitle: fmt.Sprintf("%s, rastreador %s, commit %s", p.tracks.Name, strings.Replace(p.flags.named(), wholeVideo, "de todo el vídeo", 1), thisBuild().Commit)}
	page.Add(report.Section{Title: p.tracks.Name, Text: text, Parts: []report.Part{film}})
	if err := page.WriteFile(p.flags.report); err != nil {
		return cannotWrite(p.flags.report, err)
	}
	return nil
}

// toldOfFilm is what a page says above the player, in English and in Spanish. Without the truth there are no scores.
func toldOfFilm(step int, scores *tracking.Result) (text, spanish string) {
	text = "Drag the slider or click on the lives of the tracks below to go to a frame."
	spanish = "Mueva el deslizador o pulse en las vidas de las trayectorias, debajo, para ir a un fotograma."
	if step > 1 {
		text += fmt.Sprintf(" Every %d frames have a picture.", step)
		spanish += fmt.Sprintf(" Uno de cada %d fotogramas tiene imagen.", step)
	}
	if r := scores; r != nil {
		numbers := []any{100 * r.MOTA, 100 * r.IDF1, 100 * r.HOTA, r.FN, r.FP, r.IDSW}
		text += fmt.Sprintf(" By the truth: MOTA %.1f %%, IDF1 %.1f %%, HOTA %.1f %%; %d missed, %d that show nobody, %d switched.", numbers...)
		spanish += fmt.Sprintf(" Según la verdad: MOTA %.1f %%, IDF1 %.1f %%, HOTA %.1f %%; %d sin ver, %d que no muestran a nadie, %d cambiadas.", numbers...)
	}
	return text, spanish
}

const wholeVideo = "of the whole video"

// named is what a page calls the tracker.
func (f trackFlags) named() string {
	if f.offline {
		return wholeVideo
	}
	return f.tracker
}
