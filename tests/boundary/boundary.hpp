#pragma once

// A program of two files that hand each other matrices; one of them knows nothing of longstate.

#include <Eigen/Core>

#include <string>
#include <vector>

/// Members of fixed size, which Eigen aligns by its flags.
struct Pose {
  char name = 'p';
  Eigen::Vector4f position = Eigen::Vector4f::Zero();
  char kind = 'k';
  Eigen::Matrix<double, 8, 1> covariance = Eigen::Matrix<double, 8, 1>::Zero();
  char last = 'l';
  Eigen::Matrix4d frame = Eigen::Matrix4d::Identity();
};

inline std::string layout_of(const Pose& pose) {
  const auto place = [&](const auto& member) {
    return std::to_string(reinterpret_cast<const char*>(&member) - reinterpret_cast<const char*>(&pose)) + " ";
  };
  return place(pose.position) + place(pose.covariance) + place(pose.frame) + std::to_string(sizeof(Pose)) + " " +
         std::to_string(alignof(Pose)) + " " + std::to_string(EIGEN_MAX_ALIGN_BYTES);
}

struct Outcome {
  Eigen::MatrixXd recurrence, other;  // the same output on two paths
  Eigen::VectorXd past;
  std::vector<Eigen::MatrixXf> blocks;
};

// with.cpp, where longstate is included
std::string layout_with();
Eigen::MatrixXd taken(Eigen::MatrixXd u);  ///< takes its memory over and gives back another's
void grow(Eigen::MatrixXd& u);             ///< frees what the other file took
Outcome run(const Eigen::MatrixXd& u);

// without.cpp
std::string layout_without();
Eigen::MatrixXd made(Eigen::Index rows, Eigen::Index cols);
void shrink(Eigen::MatrixXd& u);
double use(Outcome outcome);
