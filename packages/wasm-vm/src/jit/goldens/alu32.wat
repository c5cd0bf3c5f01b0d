(module
  (type 0 (func (param i64 i64 i64 i64 i64) (result i64)))
  (type 1 (func (param i64 i64 i64 i64 i64 i32) (result i64)))
  (import "k" "memory" (memory 1))
  (export "0" (func $sub0))
  (func $sub0 (type 1)
    (local i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    local.get 0
    i32.wrap_i64
    local.set 10
    ;; 0
    local.get 10
    i32.load align=1
    local.set 9
    ;; 1
    local.get 9
    i32.const 7
    i32.add
    local.set 9
    ;; 2
    local.get 9
    i32.const 255
    i32.xor
    local.set 9
    ;; 3
    local.get 9
    i32.const 2
    i32.shr_s
    local.set 9
    ;; 4
    i32.const 0
    local.get 9
    i32.sub
    local.set 9
    ;; 5
    local.get 9
    i64.extend_i32_u
    return
    unreachable
  )
)
