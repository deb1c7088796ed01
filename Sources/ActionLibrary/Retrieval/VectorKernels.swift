import CVectors

/// The kernels that compare vectors.
public enum VectorKernels {
  /// The instructions that they use on this processor, such as "AVX2".
  public static var name: String {
    // SAFETY: a static C string.
    String(cString: cv_instruction_set_name(cv_current_instruction_set()))
  }
}
