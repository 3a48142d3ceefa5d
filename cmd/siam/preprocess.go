package main

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/siam-go/siam/imgproc"
)

const preprocessHelp = "how images are prepared: settings parted by commas, such as bgr,range=0..255,size=128x128 or " +
	"rgb,imagenet,size=112x112; others are grey, invert, mean=R/G/B and std=R/G/B of values in 0..1; or JSON as siam info --json shows it"

// parsePreprocess reads --preprocess; see preprocessHelp. A size that is not given stays 0: the network's own.
func parsePreprocess(text string) (imgproc.Preprocess, error) {
	var p imgproc.Preprocess
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		decoder := json.NewDecoder(strings.NewReader(text))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&p); err != nil {
			return p, usagef("--preprocess: %w", err)
		}
		return p, nil
	}
	for _, setting := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(setting), "=")
		if err := setPreprocess(&p, key, value); err != nil {
			return p, usagef("--preprocess %s: %w", text, err)
		}
	}
	if p.Channels == 0 {
		p.Channels = 3
	}
	p.Mean, p.Std = spread(p.Mean, p.Channels), spread(p.Std, p.Channels)
	return p, nil
}

func setPreprocess(p *imgproc.Preprocess, key, value string) (err error) {
	switch key {
	case "rgb":
		p.Channels = 3
	case "bgr":
		p.Channels, p.BGR = 3, true
	case "grey", "gray":
		p.Channels = 1
	case "invert":
		p.Invert = true
	case "imagenet":
		p.Mean, p.Std = []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	case "mean":
		p.Mean, err = parseNumbers(value, "/")
	case "std":
		p.Std, err = parseNumbers(value, "/")
	case "range":
		ends, err := parseNumbers(value, "..")
		if err != nil || len(ends) != 2 || ends[0] >= ends[1] {
			return fmt.Errorf("range %q: want two numbers such as 0..255 or -1..1", value)
		}
		width := ends[1] - ends[0]
		p.Mean, p.Std = []float32{-ends[0] / width}, []float32{1 / width}
	case "size":
		var size []float32
		if size, err = parseNumbers(value, "x"); err != nil || len(size) != 2 {
			return fmt.Errorf("size %q: want width x height in pixels, such as 128x128", value)
		}
		p.Width, p.Height = int(size[0]), int(size[1])
	default:
		return fmt.Errorf("unknown setting %q: want rgb, bgr, grey, invert, imagenet, mean, std, range or size", key)
	}
	return err
}

func parseNumbers(text, between string) ([]float32, error) {
	var numbers []float32
	for _, part := range strings.Split(text, between) {
		v, err := strconv.ParseFloat(part, 32)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", part)
		}
		numbers = append(numbers, float32(v))
	}
	return numbers, nil
}

// spread repeats a single number for every channel.
func spread(values []float32, channels int) []float32 {
	for len(values) == 1 && channels > 1 {
		values = append(values, values[0], values[0])
	}
	return values
}
