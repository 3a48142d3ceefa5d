// Vector instructions on four float32 that Go's assembler has no name for, encoded as in the Arm Architecture Reference
// Manual, section C7.2. Arguments are numbers of registers, in Go's order: the second operand, the first one, the result.

#define FADD4(m, n, d)   WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d)) // d = n + m
#define FSUB4(m, n, d)   WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // d = n - m
#define FMUL4(m, n, d)   WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d)) // d = n · m
#define FDIV4(m, n, d)   WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d)) // d = n / m
#define FMAX4(m, n, d)   WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d)) // NaN if either is NaN
#define FMIN4(m, n, d)   WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d))
#define FCMEQ4(m, n, d)  WORD $(0x4E20E400 | (m)<<16 | (n)<<5 | (d)) // all bits where n = m, none elsewhere
#define FCMGT4(m, n, d)  WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // n > m
#define FCMGEZ4(n, d)    WORD $(0x6EA0C800 | (n)<<5 | (d))           // n ≥ 0
#define FCMLTZ4(n, d)    WORD $(0x4EA0E800 | (n)<<5 | (d))           // n < 0
#define FABS4(n, d)      WORD $(0x4EA0F800 | (n)<<5 | (d))
#define FNEG4(n, d)      WORD $(0x6EA0F800 | (n)<<5 | (d))
#define FSQRT4(n, d)     WORD $(0x6EA1F800 | (n)<<5 | (d))
