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
    i64.extend_i32_u
    local.get 9
    i64.extend_i32_u
    i64.mul
    local.set 6
    ;; 2
    local.get 6
    i64.const 7
    i64.add
    local.set 6
    ;; 3
    local.get 6
    i64.const 1
    i64.sub
    local.set 6
    ;; 4
    local.get 6
    i32.wrap_i64
    local.set 11
    ;; 5
    local.get 11
    i64.extend_i32_u
    i64.const 40
    i64.shl
    local.set 1
    ;; 6
    local.get 6
    local.get 1
    i64.xor
    local.set 6
    ;; 7
    local.get 6
    i64.const 3
    i64.shr_u
    local.set 6
    ;; 8
    local.get 6
    return
    unreachable
  )
)
