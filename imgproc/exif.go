package imgproc

import (
	"bytes"
	"encoding/binary"
)

// exifTurn gives the turn that sets an image upright: tag 0x0112 of the first directory of its EXIF, a TIFF structure. Anything
// missing or odd means upright already.
func exifTurn(exif []byte) Turn {
	exif = bytes.TrimPrefix(exif, []byte("Exif\x00\x00"))
	if len(exif) < 8 {
		return Upright
	}
	var order binary.ByteOrder = binary.LittleEndian
	if exif[0] == 'M' {
		order = binary.BigEndian
	}
	at := int(order.Uint32(exif[4:]))
	if at < 8 || at > len(exif)-2 {
		return Upright
	}
	entries := int(order.Uint16(exif[at:]))
	for i := range entries {
		entry := at + 2 + 12*i
		if entry+12 > len(exif) {
			return Upright
		}
		if order.Uint16(exif[entry:]) == 0x0112 {
			if order.Uint16(exif[entry+2:]) == exifLong {
				return orientationTurn(uint16(order.Uint32(exif[entry+8:])))
			}
			return orientationTurn(order.Uint16(exif[entry+8:]))
		}
	}
	return Upright
}

// exifLong is the type of a number of four bytes; orientation should have two.
const exifLong = 4

// orientationTurn undoes EXIF orientation 1…8.
func orientationTurn(orientation uint16) Turn {
	switch orientation {
	case 2:
		return Mirror
	case 3:
		return TurnHalf
	case 4:
		return Mirror | TurnHalf
	case 5:
		return Mirror | TurnLeft
	case 6:
		return TurnRight
	case 7:
		return Mirror | TurnRight
	case 8:
		return TurnLeft
	}
	return Upright
}
