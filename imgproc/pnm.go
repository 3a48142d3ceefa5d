package imgproc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
)

// pnm is the header of a PGM (P2, P5) or PPM (P3, P6) file, as netpbm's manual defines them.
type pnm struct {
	w, h, maxval int
	channels     int
	plain        bool // decimal numbers instead of bytes
}

func pnmConfig(r io.Reader) (image.Config, error) {
	p, err := readPNMHeader(bufio.NewReader(r))
	return image.Config{Width: p.w, Height: p.h, ColorModel: color.NRGBAModel}, err
}

func decodePNM(data []byte) (Image, error) {
	b := bufio.NewReader(bytes.NewReader(data))
	p, err := readPNMHeader(b)
	if err != nil {
		return Image{}, err
	}
	m := Image{H: p.h, W: p.w, C: p.channels}
	n := m.H * m.W * m.C
	m.Pix = make([]uint8, 0, min(n, 1<<20)) // grows with the data: a header alone cannot ask for gigabytes
	for range n {
		v, err := p.readSample(b)
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return Image{}, err
		}
		m.Pix = append(m.Pix, uint8((min(v, p.maxval)*255+p.maxval/2)/p.maxval))
	}
	return m, nil
}

func readPNMHeader(b *bufio.Reader) (p pnm, err error) {
	magic := make([]byte, 2)
	if _, err := io.ReadFull(b, magic); err != nil {
		return p, err
	}
	p.channels, p.plain = 1, magic[1] == '2' || magic[1] == '3'
	if magic[1] == '3' || magic[1] == '6' {
		p.channels = 3
	}
	for _, field := range []*int{&p.w, &p.h, &p.maxval} {
		if *field, err = readNumber(b); err != nil {
			return p, err
		}
	}
	if p.maxval < 1 || p.maxval > 65535 {
		return p, fmt.Errorf("maximum value is %d, want 1 to 65535", p.maxval)
	}
	return p, nil
}

// readNumber reads one decimal number and the one white-space byte after it, past white space and comments.
func readNumber(b *bufio.Reader) (int, error) {
	c, err := skipSpace(b)
	if err != nil {
		return 0, err
	}
	n := 0
	for ; c >= '0' && c <= '9'; c, err = b.ReadByte() {
		if n = 10*n + int(c-'0'); n > 1<<30 {
			return 0, errors.New("a number is too large")
		}
		if err != nil {
			return 0, err
		}
	}
	if err == io.EOF {
		return n, nil // the last number of a plain file may end it
	}
	if err != nil {
		return 0, err
	}
	if !isSpace(c) {
		return 0, fmt.Errorf("found %q where a number should be", c)
	}
	return n, nil
}

// skipSpace returns the first byte that belongs neither to white space nor to a comment ("#" to the end of its line).
func skipSpace(b *bufio.Reader) (byte, error) {
	for comment := false; ; {
		c, err := b.ReadByte()
		switch {
		case err == io.EOF:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case c == '#':
			comment = true
		case c == '\n':
			comment = false
		case !comment && !isSpace(c):
			return c, nil
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// readSample reads one number of at most 16 bits.
func (p pnm) readSample(b *bufio.Reader) (int, error) {
	if p.plain {
		return readNumber(b)
	}
	high, err := b.ReadByte()
	if err != nil || p.maxval < 256 {
		return int(high), err
	}
	low, err := b.ReadByte()
	return int(high)<<8 | int(low), err
}
